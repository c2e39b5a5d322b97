//! What the server tells of itself: `hap://server/info`, `agent://NAME/info`, `agent://NAME/schema`, `agent://NAME/stats`,
//! `graph://NAME`, `run://ID` and `run://ID/events`, each as JSON, for one caller.
//!
//! What must stay true: each needs the scope that the method has which tells the same, and what a caller may not read is not
//! there for it; what a tenant did stays with that tenant. Nothing here says who the caller is: an agent that may read all
//! of it has still to be granted that.

use hap::{BoxFuture, Manifest, ResourceEntry, ResourceError, ResourceProvider};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::auth::Scope;
use crate::catalog::AgentEntry;
use crate::methods::{self, Caller};
use crate::rpc::RpcError;
use crate::runs::Read;

/// The resource that tells what this server is.
const SERVER_INFO: &str = "hap://server/info";

/// What the server tells of itself to one caller.
pub(super) struct OwnResources {
    caller: Caller,
}

impl OwnResources {
    pub(super) fn new(caller: Caller) -> OwnResources {
        OwnResources { caller }
    }

    fn names(&self) -> Vec<String> {
        let (server, tenant) = (&self.caller.server, &self.caller.principal.tenant);
        let mut names = vec![SERVER_INFO.to_owned()];
        for agent in server.catalog.agents() {
            if self.caller.may(Scope::AgentRead, &agent.name) {
                names
                    .extend(["info", "schema", "stats"].map(|part| format!("agent://{}/{part}", agent.name)));
            }
        }
        for graph in server.catalog.graphs(tenant) {
            if self.caller.may(Scope::GraphRead, &graph.name) {
                names.push(format!("graph://{}", graph.name));
            }
        }
        for run in server.runs.list(tenant) {
            if self.caller.may(Scope::RunRead, run.asked.subject.name()) {
                names.push(format!("run://{}", run.id));
                names.push(format!("run://{}/events", run.id));
            }
        }
        names
    }

    /// The text under a name; none where there is nothing of that name for the caller.
    fn text(&self, name: &str) -> Option<String> {
        if name == SERVER_INFO {
            return text(&methods::about_server(&self.caller.server));
        }
        let (scheme, path) = name.split_once("://")?;
        match scheme {
            "agent" => {
                let (agent, part) = path.rsplit_once('/')?;
                self.agent(agent, part)
            }
            "graph" => told(methods::about_graph(&self.caller, path)),
            "run" => match path.split_once('/') {
                None => told(methods::about_run(&self.caller, path)),
                Some((run, "events")) => self.events(run),
                Some(_) => None,
            },
            _ => None,
        }
    }

    fn agent(&self, name: &str, part: &str) -> Option<String> {
        let agent = methods::find_agent(&self.caller, name).ok()?;
        match part {
            "info" => told(methods::about_agent(&self.caller, name)),
            "schema" => text(&schema(agent.agent.manifest())),
            "stats" => text(&self.stats(&agent)),
            _ => None,
        }
    }

    /// What the agent, as it is now, did for the caller's tenant.
    fn stats(&self, agent: &AgentEntry) -> Value {
        let tenant = &self.caller.principal.tenant;
        let digest = agent.agent.digest();
        let stats = digest.map(|digest| self.caller.server.runs.stats().of(tenant, digest));
        json!({ "agent": agent.name, "digest": digest, "stats": stats.unwrap_or_default() })
    }

    /// The events of a run that are kept.
    fn events(&self, run: &str) -> Option<String> {
        let run = methods::find_run(&self.caller, run, Scope::RunRead).ok()?;
        let (next, missed, events) = match run.log.read(0, usize::MAX) {
            Some(Read::Events {
                first,
                missed,
                events,
            }) => (first + events.len() as u64, missed, events),
            Some(Read::End) | None => (0, 0, Vec::new()),
        };
        // The server wrote them itself.
        let events = events
            .iter()
            .filter_map(|event| RawValue::from_string(event.text.to_string()).ok());
        let events: Vec<_> = events.collect();
        text(&Events { next, missed, events })
    }
}

/// The events of a run as far as they are there.
#[derive(Serialize)]
struct Events {
    /// The number that the next event has.
    next: u64,
    /// How many were forgotten.
    missed: u64,
    events: Vec<Box<RawValue>>,
}

/// What an agent wants and gives, as it says itself; `null` where it says nothing.
fn schema(manifest: &Manifest) -> Value {
    json!({ "context": manifest.context_schema, "output": manifest.output_schema })
}

fn text(value: &impl Serialize) -> Option<String> {
    // What methods answer with always has a JSON form.
    serde_json::to_string(value).ok()
}

/// What a method answers, where the caller may ask it.
fn told(answer: Result<impl Serialize, RpcError>) -> Option<String> {
    text(&answer.ok()?)
}

impl ResourceProvider for OwnResources {
    fn list(&self) -> BoxFuture<'_, Result<Vec<ResourceEntry>, ResourceError>> {
        let entry = |name| ResourceEntry {
            name,
            media_type: Some("application/json".to_owned()),
            size: None,
        };
        let entries = self.names().into_iter().map(entry).collect();
        Box::pin(std::future::ready(Ok(entries)))
    }

    fn read<'a>(
        &'a self,
        name: &'a str,
        offset: u64,
        max_bytes: u32,
    ) -> BoxFuture<'a, Result<Vec<u8>, ResourceError>> {
        let piece = self.text(name).ok_or(ResourceError::NotFound).map(|text| {
            let from = usize::try_from(offset).unwrap_or(usize::MAX);
            let rest = text.as_bytes().get(from..).unwrap_or_default();
            rest.get(..max_bytes as usize).unwrap_or(rest).to_vec()
        });
        Box::pin(std::future::ready(piece))
    }
}
