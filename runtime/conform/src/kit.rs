//! Calling the agent: one run of a graph of one node for each call, with everything that came of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hap::{
    Budget, ComponentInfo, Event, EventKind, Failure, FailureKind, Graph, Limit, LoadedGraph, LogRecord,
    MemoryResources, NodeStatus, Progress, RunOptions, Runtime, Usage,
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// The start time and the seed of every call that sets no other: 2026-01-31T08:30:00Z, and any number.
pub(crate) const START_UNIX_MS: u64 = 1_769_848_200_000;
const SEED: u64 = 7;

/// The node's name.
pub(crate) const NODE: &str = "agent";

/// How long a call may take before it counts as hanging. Every limit below ends it earlier.
const HANGS_AFTER: Duration = Duration::from_secs(120);

/// The documents that the node is granted, and one that it is not.
pub(crate) const DOCUMENTS: [(&str, &str); 3] = [
    ("kit/a.txt", "first"),
    ("kit/b.txt", "zweites \u{1f600}\n"),
    ("secret/c.txt", "hidden"),
];

/// Calls one agent.
pub(crate) struct Kit {
    runtime: Runtime,
    path: PathBuf,
    params: Value,
    /// The graph that calls it with these params, loaded once.
    loaded: OnceCell<LoadedGraph>,
}

/// What a call may be given beside its context.
#[derive(Clone, Debug, Default)]
pub(crate) struct With {
    /// Limits other than the defaults.
    pub(crate) limits: Vec<(Limit, u64)>,
    /// Another seed.
    pub(crate) seed: Option<u64>,
    /// The node's params.
    pub(crate) params: Option<Value>,
    /// Whether the run is cancelled as soon as the agent works.
    pub(crate) cancelled: bool,
}

/// What came of a call.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The keys that the node wrote, as JSON text.
    pub(crate) text: String,
    /// The same, taken apart.
    pub(crate) outputs: Value,
    pub(crate) status: NodeStatus,
    pub(crate) failure: Option<Arc<Failure>>,
    pub(crate) usage: Usage,
    pub(crate) records: Vec<LogRecord>,
    pub(crate) progress: Vec<Progress>,
}

impl Kit {
    pub(crate) fn new(runtime: Runtime, path: &Path, params: Option<Value>) -> Kit {
        Kit {
            runtime,
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            params: params.unwrap_or_else(|| json!({})),
            loaded: OnceCell::new(),
        }
    }

    /// What there is to know about the component, asked anew.
    pub(crate) async fn inspect(&self) -> Result<ComponentInfo, String> {
        self.runtime
            .inspect(&self.path)
            .await
            .map_err(|error| error.to_string())
    }

    /// Why schemas of the agent are not checked.
    pub(crate) async fn schema_warnings(&self) -> Result<Vec<String>, String> {
        let mut warnings = Vec::new();
        self.load(&self.params)
            .await?
            .visit_agents(&mut |found| warnings.extend_from_slice(found.schema_warnings));
        Ok(warnings)
    }

    /// The graph of one node that calls the agent.
    async fn load(&self, params: &Value) -> Result<LoadedGraph, String> {
        let graph = json!({ "nodes": { NODE: {
            "agent": self.path,
            "params": params,
            "grants": { "resources": ["kit/*"] },
        } } });
        let graph =
            Graph::from_text("conform.json", &graph.to_string()).map_err(|problems| problems.to_string())?;
        self.runtime.load(&graph).await.map_err(|error| error.to_string())
    }

    /// Calls the agent with this context.
    pub(crate) async fn call(&self, context: &Value, with: With) -> Result<Answer, String> {
        let called = tokio::time::timeout(HANGS_AFTER, self.call_for_ever(context, with)).await;
        called.unwrap_or_else(|_| Err(format!("no answer within {} s", HANGS_AFTER.as_secs())))
    }

    async fn call_for_ever(&self, context: &Value, with: With) -> Result<Answer, String> {
        let loaded = match &with.params {
            Some(params) => &self.load(params).await?,
            None => self.loaded.get_or_try_init(|| self.load(&self.params)).await?,
        };
        let documents = DOCUMENTS
            .iter()
            .fold(MemoryResources::default(), |documents, (name, text)| {
                documents.with(*name, text.as_bytes().to_vec())
            });
        let budget = with
            .limits
            .iter()
            .fold(Budget::default(), |budget, (limit, value)| {
                budget.with(*limit, *value)
            });
        let options = RunOptions {
            budget,
            seed: Some(with.seed.unwrap_or(SEED)),
            started_at_unix_nanos: Some(START_UNIX_MS * 1_000_000),
            resources: Arc::new(documents),
            ..self.runtime.run_options().clone()
        };
        let run = self.runtime.start_with(loaded, context.to_string(), options);
        let mut run = run.map_err(|error| error.to_string())?;
        let (mut records, mut progress) = (Vec::new(), Vec::new());
        while let Some(Event { kind, .. }) = run.next_event().await {
            match kind {
                EventKind::NodeStarted { .. } if with.cancelled => {
                    let canceller = run.canceller();
                    tokio::spawn(async move {
                        // So that the agent is at work; earlier or later, what is checked is the same.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        canceller.cancel();
                    });
                }
                EventKind::NodeLog { record, .. } => records.push(record),
                EventKind::NodeProgress { progress: update, .. } => progress.push(update),
                _ => {}
            }
        }
        let outcome = run.outcome().await;
        let record = outcome
            .agent_metadata
            .into_values()
            .next()
            .ok_or("the run tells of no node")?;
        let text = serde_json::to_string(&outcome.outputs).map_err(|error| error.to_string())?;
        Ok(Answer {
            outputs: serde_json::from_str(&text).map_err(|error| error.to_string())?,
            text,
            status: record.status,
            failure: record.failure,
            usage: record.usage,
            records,
            progress,
        })
    }

    /// Asks a conformance agent for a behaviour.
    pub(crate) async fn ask(
        &self,
        behaviour: &str,
        arguments: Value,
        with: With,
    ) -> Result<Answer, Unanswered> {
        let mut context = arguments;
        if let Some(object) = context.as_object_mut() {
            object.insert("do".to_owned(), behaviour.into());
        }
        let answer = self.call(&context, with).await.map_err(Unanswered::Broken)?;
        if answer
            .details()
            .is_some_and(|details| details["unsupported"] == behaviour)
        {
            return Err(Unanswered::NotOffered);
        }
        Ok(answer)
    }

    /// Asks a conformance agent for a behaviour that must answer, and gives the answer.
    pub(crate) async fn answer(&self, behaviour: &str, arguments: Value) -> Result<Value, Unanswered> {
        Ok(self
            .ask(behaviour, arguments, With::default())
            .await?
            .answer()?
            .clone())
    }
}

/// Why there is no answer to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// The agent says that it cannot do this.
    NotOffered,
    /// It should have answered and did not.
    Broken(String),
}

impl From<String> for Unanswered {
    fn from(reason: String) -> Unanswered {
        Unanswered::Broken(reason)
    }
}

impl Answer {
    /// What the agent answered; the error says how it ended instead.
    pub(crate) fn answer(&self) -> Result<&Value, String> {
        match &self.failure {
            None => self
                .outputs
                .get("answer")
                .ok_or_else(|| format!("the output has no `answer`: {}", self.text)),
            Some(failure) => Err(format!("it ended as {}: {}", self.ended(), failure.message)),
        }
    }

    /// How the call ended, in a word or two.
    pub(crate) fn ended(&self) -> String {
        match self.failure.as_deref().map(|failure| &failure.kind) {
            None => self.status.name().to_owned(),
            Some(FailureKind::Limit { limit, .. }) => format!("limit: {}", limit.name()),
            Some(kind) => kind.name().to_owned(),
        }
    }

    /// The failure's own details.
    pub(crate) fn details(&self) -> Option<Value> {
        self.failure.as_ref()?.details.as_ref()?.to().ok()
    }

    /// The failure that the call must have ended with.
    pub(crate) fn failure(&self) -> Result<&Failure, String> {
        self.failure
            .as_deref()
            .ok_or_else(|| format!("it did not fail, but answered {}", shown(&self.outputs)))
    }

    /// Checks that the call ended in one of these ways, and tells which.
    pub(crate) fn ended_as(&self, ways: &[&str]) -> Result<String, String> {
        let ended = self.ended();
        if ways.contains(&ended.as_str()) {
            return Ok(ended);
        }
        let message = self
            .failure
            .as_ref()
            .map(|failure| format!(" ({})", failure.message))
            .unwrap_or_default();
        Err(format!(
            "it ended as {ended}{message}, not as {}",
            ways.join(" or ")
        ))
    }
}

/// A value, shortened where it is long.
pub(crate) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(200) {
        None => text,
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// Checks that two values are equal, as JSON numbers are.
pub(crate) fn same(what: &str, expected: &Value, came: &Value) -> Result<(), String> {
    if equal(expected, came) {
        return Ok(());
    }
    Err(format!(
        "{what}: expected {}, came {}",
        shown(expected),
        shown(came)
    ))
}

/// `1.0` and `1` are one number in JSON, and some languages have one type for both.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            x == y || !(x.is_i64() || x.is_u64()) && x.as_f64() == y.as_f64()
        }
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| equal(x, y)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len()
                && x.iter()
                    .all(|(key, value)| y.get(key).is_some_and(|other| equal(value, other)))
        }
        _ => a == b,
    }
}
