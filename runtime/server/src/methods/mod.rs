//! The methods of the interface, one file for each kind of thing. Each says which scope it needs and on what, and is asked
//! for both before it runs: a method cannot be registered without.

mod agent;
mod connection;
mod discover;
mod graph;
mod mcp;
mod resource;
mod run;
mod server;

pub(crate) use agent::{about as about_agent, find as find_agent, load as load_agent};
pub(crate) use discover::document;
pub(crate) use graph::about as about_graph;
pub(crate) use resource::{bytes as resource_bytes, entries as resource_entries};
pub(crate) use run::{about as about_run, find as find_run};
pub(crate) use server::about as about_server;

use std::future::Future;
use std::sync::Arc;

use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::audit::OpenCall;
use crate::auth::{Principal, Scope};
use crate::connection::{OnConnection, not_here};
use crate::inner::Inner;
use crate::rpc::{Code, Context, Id, MethodSpec, Methods, RegisterError, RpcError, Settings};

/// How much of a name the audit is told, and of a request's id an agent.
const MAX_SUBJECT: usize = 200;

/// How the audit calls a method that there is not.
const UNKNOWN: &str = "unknown";

/// Who calls, and the server that is called.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) server: Arc<Inner>,
    pub(crate) principal: Arc<Principal>,
    /// The id of the request as text; none for a notification.
    pub(crate) request: Option<Arc<str>>,
    /// The connection that the call came over, where that can carry more than the answer.
    connection: Option<OnConnection>,
}

impl Context for Caller {
    /// Counts the call.
    fn admit(&self, id: Option<&Id>) -> Result<Caller, RpcError> {
        self.server.limits.call(&self.principal.tenant)?;
        let text = |id: &Id| id.as_text().unwrap_or_else(|| id.raw().to_owned());
        let id = id.filter(|id| !id.is_null()).map(text);
        Ok(Caller {
            request: id.map(|id| hap::sanitize(&id, MAX_SUBJECT).into()),
            ..self.clone()
        })
    }

    fn not_run(&self, method: Option<&'static str>, written: &str, error: &RpcError) {
        let subject = (method.is_none() && !written.is_empty()).then(|| subject(written));
        OpenCall::new(self.clone(), method.unwrap_or(UNKNOWN), subject).ended(Some(error.code));
    }
}

/// What the audit is told of a name that a caller wrote.
fn subject(written: &str) -> String {
    hap::sanitize(written, MAX_SUBJECT).replace(['\n', '\t'], " ")
}

impl Caller {
    pub(crate) fn new(server: Arc<Inner>, principal: Arc<Principal>) -> Caller {
        Caller {
            server,
            principal,
            request: None,
            connection: None,
        }
    }

    /// The same caller, whose call came over a connection that stays.
    pub(crate) fn on(self, connection: OnConnection) -> Caller {
        let connection = Some(connection);
        Caller { connection, ..self }
    }

    /// The connection that the call came over.
    ///
    /// # Errors
    /// When it carries nothing but the answer.
    pub(crate) fn connection(&self) -> Result<&OnConnection, RpcError> {
        self.connection.as_ref().ok_or_else(not_here)
    }

    /// Ready when the caller has asked to cancel the call. Safe to cancel.
    pub(crate) async fn cancelled(&self) {
        match &self.connection {
            Some(connection) => connection.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// Whether the caller may do `scope` on what is called `name`.
    pub(crate) fn may(&self, scope: Scope, name: &str) -> bool {
        self.principal.may(scope, Some(name))
    }

    /// # Errors
    /// When the caller may not.
    pub(crate) fn require(&self, scope: Scope, name: Option<&str>) -> Result<(), RpcError> {
        if self.principal.may(scope, name) {
            return Ok(());
        }
        let what = name
            .map(|name| format!(":{}", hap::sanitize(name, 200)))
            .unwrap_or_default();
        let message = format!("this needs the scope `{scope}{what}`");
        Err(RpcError::new(Code::Forbidden, message).with("scope", scope.as_str()))
    }

    /// Makes a call of `method`, on what it names, and tells how it ended.
    pub(crate) async fn audited<R>(
        &self,
        method: &'static str,
        subject: Option<&str>,
        call: impl Future<Output = Result<R, RpcError>>,
    ) -> Result<R, RpcError> {
        let open = OpenCall::new(self.clone(), method, subject.map(self::subject));
        let outcome = call.await;
        open.ended(outcome.as_ref().err().map(|error| error.code));
        outcome
    }
}

/// What a call of a method asks for: a scope on something by name, or on anything at all.
pub(crate) enum Access<P> {
    /// Every caller that has shown who it is.
    Anybody,
    /// The scope, on what the parameters name.
    On(Scope, fn(&P) -> &str),
    /// The scope on anything: the method itself leaves out what the caller may not see.
    Any(Scope),
    /// The same with one of these scopes.
    AnyOf(&'static [Scope]),
    /// The method itself asks for one of these scopes: which one, and on what, the parameters have still to tell.
    Asks(&'static [Scope], fn(&P) -> &str),
}

impl<P> Access<P> {
    fn scopes(&self) -> &[Scope] {
        match self {
            Access::Anybody => &[],
            Access::On(scope, _) | Access::Any(scope) => std::slice::from_ref(scope),
            Access::AnyOf(scopes) | Access::Asks(scopes, _) => scopes,
        }
    }
}

/// A file of the server's folders that cannot be used.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Broken {
    /// The agent or graph that it would be.
    name: String,
    /// Why it cannot be used.
    trouble: String,
}

/// What cannot be used, for a caller who manages the server; nothing for everybody else.
fn broken(caller: &Caller, list: impl FnOnce() -> Vec<(String, String)>) -> Vec<Broken> {
    if !caller.principal.may(Scope::Admin, None) {
        return Vec::new();
    }
    list()
        .into_iter()
        .map(|(name, trouble)| Broken { name, trouble })
        .collect()
}

/// The table of methods under construction.
pub(crate) struct Table(Methods<Caller>);

impl Table {
    /// Adds a method.
    pub(crate) fn add<P, R, F, Fut>(
        &mut self,
        spec: MethodSpec,
        access: Access<P>,
        handler: F,
    ) -> Result<(), RegisterError>
    where
        P: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema,
        F: Fn(Caller, P) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, RpcError>> + Send + 'static,
    {
        let spec = MethodSpec {
            scopes: access.scopes().iter().copied().map(Scope::as_str).collect(),
            read: Some(P::json_schema),
            written: Some(SchemaGenerator::subschema_for::<R>),
            ..spec
        };
        let handler = Arc::new(handler);
        let access = Arc::new(access);
        let method = spec.name;
        self.0.register(spec, move |caller: Caller, params: P| {
            let (handler, access) = (handler.clone(), access.clone());
            async move {
                let subject = match &*access {
                    Access::On(_, name) | Access::Asks(_, name) => Some(name(&params).to_owned()),
                    Access::Anybody | Access::Any(_) | Access::AnyOf(_) => None,
                };
                let call = async {
                    allow(&caller, &access, &params)?;
                    handler(caller.clone(), params).await
                };
                caller.audited(method, subject.as_deref(), call).await
            }
        })
    }
}

/// Looks whether the caller may make the call.
fn allow<P>(caller: &Caller, access: &Access<P>, params: &P) -> Result<(), RpcError> {
    match access {
        Access::Anybody | Access::Asks(..) => Ok(()),
        Access::On(scope, name) => caller.require(*scope, Some(name(params))),
        Access::Any(scope) => allow_any(caller, &[*scope]),
        Access::AnyOf(scopes) => allow_any(caller, scopes),
    }
}

/// Looks whether the caller has one of these scopes, on whatever it may be.
fn allow_any(caller: &Caller, scopes: &[Scope]) -> Result<(), RpcError> {
    let mut grants = caller.principal.scopes.iter();
    let has = grants.any(|grant| grant.scope() == Scope::Admin || scopes.contains(&grant.scope()));
    match scopes.first() {
        Some(scope) if !has => caller.require(*scope, None),
        _ => Ok(()),
    }
}

/// All methods.
///
/// # Errors
/// When two have one name: a fault of this crate, which its tests would find.
pub(crate) fn table(settings: Settings) -> Result<Methods<Caller>, RegisterError> {
    let mut table = Table(Methods::new(settings));
    server::add(&mut table)?;
    agent::add(&mut table)?;
    graph::add(&mut table)?;
    run::add(&mut table)?;
    connection::add(&mut table)?;
    resource::add(&mut table)?;
    mcp::add(&mut table)?;
    discover::add(&mut table)?;
    Ok(table.0)
}
