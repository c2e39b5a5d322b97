//! The methods of the interface, one file for each kind of thing. Each says which scope it needs and on what, and is asked
//! for both before it runs: a method cannot be registered without.

mod agent;
mod discover;
mod graph;
mod mcp;
mod resource;
mod run;
mod server;

pub(crate) use agent::load as load_agent;
pub(crate) use discover::document;
pub(crate) use resource::{bytes as resource_bytes, describe, entries as resource_entries};
pub(crate) use run::find as find_run;

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::auth::{Principal, Scope};
use crate::inner::Inner;
use crate::rpc::{Code, MethodSpec, Methods, RegisterError, RpcError, Settings};

/// How much of a name the audit is told.
const MAX_SUBJECT: usize = 200;

/// Who calls, and the server that is called.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) server: Arc<Inner>,
    pub(crate) principal: Arc<Principal>,
}

impl Caller {
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

    /// Makes a call of `method`, on what it names, and tells the audit how it ended.
    pub(crate) async fn audited<R>(
        &self,
        method: &'static str,
        subject: Option<&str>,
        call: impl Future<Output = Result<R, RpcError>>,
    ) -> Result<R, RpcError> {
        let began = Instant::now();
        let outcome = call.await;
        if let Some(audit) = &self.server.settings.audit {
            let subject = subject.map(|name| hap::sanitize(name, MAX_SUBJECT).replace(['\n', '\t'], " "));
            let code = outcome.as_ref().err().map(|error| error.code);
            audit.tell(&self.principal, method, subject, code, began.elapsed());
        }
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
    /// The method itself asks for the scope, for which one it is depends on what the parameters name.
    Asks(fn(&P) -> &str),
}

/// A file of the server's folders that cannot be used.
#[derive(Serialize)]
pub(crate) struct Broken {
    name: String,
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
        P: DeserializeOwned + Send + 'static,
        R: Serialize,
        F: Fn(Caller, P) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, RpcError>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let access = Arc::new(access);
        let method = spec.name;
        self.0.register(spec, move |caller: Caller, params: P| {
            let (handler, access) = (handler.clone(), access.clone());
            async move {
                let subject = match &*access {
                    Access::On(_, name) | Access::Asks(name) => Some(name(&params).to_owned()),
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

/// Counts the call, and looks whether the caller may make it.
fn allow<P>(caller: &Caller, access: &Access<P>, params: &P) -> Result<(), RpcError> {
    caller.server.limits.call(&caller.principal.tenant)?;
    match access {
        Access::Anybody | Access::Asks(_) => Ok(()),
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
    resource::add(&mut table)?;
    mcp::add(&mut table)?;
    discover::add(&mut table)?;
    Ok(table.0)
}
