//! `hap:agent/identity`: who asked for the run, as far as the graph grants it. What is not granted is the same as what nobody
//! knows.

use hap_model::{Identity, IdentityPart};

use crate::bindings::hap::agent::identity;
use crate::state::State;

/// The names by which a failure's report tells these calls.
const REQUEST_ID: &str = "hap:agent/identity.request-id";
const SESSION_ID: &str = "hap:agent/identity.session-id";
const USER: &str = "hap:agent/identity.user";
const SCOPES: &str = "hap:agent/identity.scopes";

impl identity::Host for State {
    fn request_id(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(self
            .granted(IdentityPart::RequestId, REQUEST_ID)
            .and_then(|identity| identity.request_id.clone()))
    }

    fn session_id(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(self
            .granted(IdentityPart::SessionId, SESSION_ID)
            .and_then(|identity| identity.session_id.clone()))
    }

    fn user(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(self
            .granted(IdentityPart::User, USER)
            .and_then(|identity| identity.user.clone()))
    }

    fn scopes(&mut self) -> wasmtime::Result<Vec<String>> {
        let identity = self.granted(IdentityPart::Scopes, SCOPES);
        Ok(identity
            .map(|identity| identity.scopes.clone())
            .unwrap_or_default())
    }
}

impl State {
    /// Who asked, where the node may be told that part; else the operator learns what would allow it.
    fn granted(&self, part: IdentityPart, function: &'static str) -> Option<&Identity> {
        let granted = !self.describing && self.call.grants.identity.contains(&part);
        let told = if granted { "told" } else { "not granted" };
        self.recorder.called(function, "", told);
        if granted {
            return Some(&self.call.run.identity);
        }
        if !self.describing {
            let (node, part) = (&self.call.node, part.name());
            let message = format!(
                "was refused to learn the `{part}` of who asked: node `{node}` does not grant it (`grants: {{identity: [{part}]}}`)"
            );
            self.recorder.refused_grant(&message);
        }
        None
    }
}
