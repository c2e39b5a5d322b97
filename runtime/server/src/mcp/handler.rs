//! The requests of MCP: each is counted, bounded and audited as a call of `/rpc` is, for whoever sent it.

#![expect(
    deprecated,
    reason = "the protocol is giving up logging, and the versions in use have it"
)]

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::request::Parts;
use futures_util::FutureExt;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, ErrorData,
    GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, LoggingLevel, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, RequestId, ServerCapabilities, ServerConfig,
    SetLevelRequestParams,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};

use super::events::{self, Wanted};
use super::http::SESSION;
use super::{complete, error, prompts, resources, tools};
use crate::auth::Principal;
use crate::inner::Inner;
use crate::methods::Caller;
use crate::rpc::{Code, Context as _, Id, RpcError};
use crate::telemetry::TraceContext;

const INSTRUCTIONS: &str = "\
    Every tool runs an agent or a graph of agents in a sandbox. \
    A tool's result names its run, under `hap/run_id`; the resource `run://ID` tells more of it.";

/// One session of a client, or one request of a client without sessions.
pub(super) struct Handler {
    server: Arc<Inner>,
    /// Who is at the other end, where that is the same for the whole connection.
    principal: Option<Arc<Principal>>,
    /// From which level on the session wants to be told what agents log.
    log: Mutex<Option<LoggingLevel>>,
}

impl Handler {
    /// For requests that each say who sends them.
    pub(super) fn new(server: Arc<Inner>) -> Handler {
        Handler {
            server,
            principal: None,
            log: Mutex::default(),
        }
    }

    /// For a connection with one caller at its end.
    pub(super) fn of(server: Arc<Inner>, principal: Arc<Principal>) -> Handler {
        Handler {
            principal: Some(principal),
            ..Handler::new(server)
        }
    }

    /// Makes a request's call: within the caller's rate and the server's places, and told to the operator.
    async fn call<R, Fut>(
        &self,
        context: &Context,
        method: &'static str,
        subject: Option<&str>,
        work: impl FnOnce(Caller) -> Fut,
    ) -> Result<R, ErrorData>
    where
        Fut: Future<Output = Result<R, RpcError>>,
    {
        let head = context.extensions.get::<Parts>().map(|parts| &parts.extensions);
        let told = head.and_then(|head| head.get::<Arc<Principal>>());
        let trace = head.and_then(|head| head.get::<TraceContext>()).copied();
        // Without either, nobody may do anything: a fault of this program.
        let principal = told
            .or(self.principal.as_ref())
            .ok_or_else(|| error(RpcError::internal()))?
            .clone();
        // Over HTTP the request has its place already, for as long as its answer takes.
        let _place = match &self.principal {
            Some(principal) => Some(self.server.limits.request(&principal.tenant).map_err(error)?),
            None => None,
        };
        let id = match &context.id {
            RequestId::Number(number) => Id::string(&number.to_string()),
            RequestId::String(text) => Id::string(text),
        };
        let caller = Caller::new(self.server.clone(), principal);
        let result = caller.audited(method, subject, async {
            let caller = caller.admit(Some(&id))?;
            let _turn = self.server.turn(&caller.principal.tenant).await?;
            work(caller.clone()).await
        });
        // A session has a task of its own, in which a request's trace is not known.
        let result = TraceContext::within(trace, result);
        // A call that panics has an answer all the same, and nothing half changed outlives it.
        let result = AssertUnwindSafe(result).catch_unwind().await;
        result
            .unwrap_or_else(|_| Err(RpcError::internal()))
            .map_err(error)
    }
}

type Context = RequestContext<RoleServer>;

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_completions()
            .enable_logging()
            .enable_prompts()
            .enable_resources()
            .enable_tools()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("hap", env!("CARGO_PKG_VERSION")).with_title("HAP"))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let work = |caller: Caller| async move { Ok(tools::list(&caller, cursor)) };
        self.call(&context, "tools/list", None, work).await
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.clone();
        let wanted = Wanted {
            progress: context.meta.get_progress_token(),
            log: context
                .meta
                .log_level()
                .or(*self.log.lock().unwrap_or_else(PoisonError::into_inner)),
        };
        let (peer, cancelled) = (&context.peer, &context.ct);
        // Without a session, a client that is gone is all that can end a call; otherwise it has said so.
        let parts = context.extensions.get::<Parts>();
        let is_alone = parts.is_some_and(|parts| !parts.headers.contains_key(SESSION));
        let cancels = !is_alone || self.server.settings.cancel_on_disconnect;
        let work = |caller: Caller| async move {
            let started = tools::start(&caller, &request.name, request.arguments).await?;
            // Whoever is told of the end is told of all that came before it.
            let ended = async {
                tokio::join!(
                    started.run.waited_for(cancels, std::future::pending()),
                    events::tell(&started.run, wanted, peer)
                )
                .0
            };
            tokio::select! {
                outcome = ended => {
                    let outcome = outcome.ok_or_else(|| RpcError::of(Code::Cancelled))?;
                    Ok(started.result(&outcome))
                }
                // Dropping what waits for the run cancels it.
                () = cancelled.cancelled() => Err(RpcError::of(Code::Cancelled)),
            }
        };
        let result = self.call(&context, "tools/call", Some(&name), work).await?;
        Ok(result.into())
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let work = |caller: Caller| async move { resources::list(&caller, cursor).await };
        self.call(&context, "resources/list", None, work).await
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let work = |caller: Caller| async move { Ok(resources::templates(&caller)) };
        self.call(&context, "resources/templates/list", None, work).await
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = &request.uri;
        let work = |caller: Caller| async move {
            resources::read(&caller, uri)
                .await
                .map_err(|error| error.with("uri", uri.clone()))
        };
        let read = self.call(&context, "resources/read", Some(uri), work).await;
        let not_there = |error: ErrorData| match error.data.as_ref().and_then(|data| data["kind"].as_str()) {
            Some("not-found") => ErrorData::resource_not_found(error.message, error.data),
            _ => error,
        };
        read.map(Into::into).map_err(not_there)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let work = |caller: Caller| async move { Ok(prompts::list(&caller, cursor)) };
        self.call(&context, "prompts/list", None, work).await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        let name = request.name.clone();
        let work =
            |caller: Caller| async move { prompts::get(&caller, &request.name, request.arguments).await };
        let prompt = self.call(&context, "prompts/get", Some(&name), work).await?;
        Ok(prompt.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: Context,
    ) -> Result<CompleteResult, ErrorData> {
        let work = |caller: Caller| async move {
            Ok(complete::complete(
                &caller,
                &request.r#ref,
                &request.argument.name,
                &request.argument.value,
            ))
        };
        self.call(&context, "completion/complete", None, work).await
    }

    async fn set_level(&self, request: SetLevelRequestParams, context: Context) -> Result<(), ErrorData> {
        let work = |_: Caller| async move {
            *self.log.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.level);
            Ok(())
        };
        self.call(&context, "logging/setLevel", None, work).await
    }
}
