//! Components of strangers: whatever the bytes are, loading them ends soon, with an agent or with an error. An agent
//! that was loaded answers, within its budget, and answers the same request in the same way.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use hap_model::{
    Agent, Answer, Budget, Call, CallObserver, Cancellation, FailureKind, Grants, Json, Limit, LogRecord,
    MemoryResources, NodeId, NodePath, Progress, Request, ResourcePattern, RunContext, RunId,
};
use hap_sandbox::{Sandbox, SandboxConfig, SandboxError};

use super::bounded::within_on_all_threads;
use super::told::is_told_well;
use super::wasm;

/// The longest component that is loaded.
pub const MAX_BYTES: usize = 64 << 10;

/// An agent that imports what the contract has.
const IMPORTS_ALL: &str = include_str!("imports-all.wat");

/// One sandbox for all inputs, as in a server.
static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let config = SandboxConfig {
        max_instances: 4,
        max_component_bytes: MAX_BYTES as u64,
        describe_budget: budget(),
        ..SandboxConfig::default()
    };
    Sandbox::new(config).unwrap().0
});

static TOKIO: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
});

/// Components whose core module is replaced by the one under test: without imports, and with all of the contract's.
static WRAPPERS: LazyLock<[Vec<u8>; 2]> =
    LazyLock::new(|| [hap_tests::ECHO, IMPORTS_ALL].map(|body| hap_tests::wat_agent(body).unwrap()));

/// Enough for a small agent, and for little else.
fn budget() -> Budget {
    Budget::default()
        .with(Limit::Fuel, 1_000_000)
        .with(Limit::WallTime, 200)
        .with(Limit::Memory, 16 << 20)
        .with(Limit::TableElements, 10_000)
        .with(Limit::Output, 64 << 10)
        .with(Limit::HostCallBytes, 64 << 10)
        .with(Limit::LogRecords, 100)
        .with(Limit::LogBytes, 10_000)
}

/// The property. `data` is a component, or a core module that is made into one, or either of them as text (of a module
/// the body alone, as the WAT agents of the suites are); anything else is loaded as it is.
pub fn check(data: &[u8]) {
    let Some(bytes) = component(data) else { return };
    // Tens of milliseconds as a rule. Compiling 64 KiB of the worst code, and other tests at the same time, cost more.
    within_on_all_threads(Duration::from_secs(20), || TOKIO.block_on(load_and_call(bytes)));
}

fn component(data: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(data)
        .ok()
        .filter(|text| text.trim_start().starts_with(['(', ';']));
    let parsed = match text {
        Some(text) if text.contains("(component") || text.contains("(module") => wat::parse_str(text).ok()?,
        Some(text) => wat::parse_str(hap_tests::module_text(text)).ok()?,
        None => data.to_vec(),
    };
    if !parsed.starts_with(&wasm::MODULE) {
        return Some(parsed);
    }
    const IMPORTS: u8 = 2;
    let imports =
        wasm::sections(&parsed).is_some_and(|(_, list)| list.iter().any(|(kind, _)| *kind == IMPORTS));
    let [alone, importing] = &*WRAPPERS;
    wasm::with_module(if imports { importing } else { alone }, &parsed)
}

async fn load_and_call(bytes: Vec<u8>) {
    let (size, digest) = (bytes.len(), hap_sandbox::digest(&bytes));
    let agent = match SANDBOX.load(bytes).await {
        Ok(agent) => agent,
        // A panic of the compiler's is caught, but it is a fault of its own.
        Err(error @ SandboxError::Compiler { .. }) => panic!("{error}"),
        Err(error) => {
            is_told_well(&error.to_string(), 10_000);
            return;
        }
    };
    assert!(size <= MAX_BYTES);
    assert_eq!(agent.digest(), Some(digest));
    assert!(!agent.manifest().name.is_empty());
    let first = agent.invoke(request(), call()).await;
    keeps_its_budget(&first);
    let second = agent.invoke(request(), call()).await;
    keeps_its_budget(&second);
    // Real time is the one thing that differs from call to call.
    if !ran_out_of_time(&first) && !ran_out_of_time(&second) {
        assert_eq!(first.result, second.result);
        assert_eq!(first.usage, second.usage);
    }
}

fn ran_out_of_time(answer: &Answer) -> bool {
    let limit = |failure: &hap_model::Failure| match failure.kind {
        FailureKind::Limit { limit, .. } => limit == Limit::WallTime,
        _ => false,
    };
    answer.result.as_ref().err().is_some_and(limit)
}

fn keeps_its_budget(answer: &Answer) {
    let (usage, budget) = (&answer.usage, budget());
    for (limit, used) in usage.by_limit() {
        let over = used > budget.get(limit);
        // What is refused for being too long is told with its length.
        let told = matches!(&answer.result, Err(failure)
            if matches!(failure.kind, FailureKind::Limit { limit: reached, .. } if reached == limit));
        assert!(!over || told, "{used} of {limit}");
    }
    match &answer.result {
        Ok(output) => assert_eq!(output.len() as u64, usage.output_bytes),
        Err(failure) => {
            let message = &failure.message;
            is_told_well(message, 20_000);
            assert!(!matches!(failure.kind, FailureKind::Internal), "{message}");
        }
    }
}

fn request() -> Request {
    Request {
        context: Json::empty_object(),
        params: Json::empty_object(),
    }
}

/// A call that may use all there is.
fn call() -> Call {
    struct Deaf;
    impl CallObserver for Deaf {
        fn log(&self, _: &NodePath, record: LogRecord) {
            assert!(
                !record.message.chars().any(|c| c == '\u{1b}'),
                "an escape in a log"
            );
        }
        fn progress(&self, _: &NodePath, _: Progress) {}
    }
    let run = RunContext {
        id: RunId::from_bits(1),
        started_at_unix_nanos: 1_700_000_000_000_000_000,
        seed: 7,
        cancellation: Cancellation::default(),
        resources: Arc::new(MemoryResources::default().with("a", "text").with("b/c", [0, 255])),
        identity: Arc::default(),
    };
    Call {
        run: Arc::new(run),
        path: NodePath::from(&NodeId::new("node").unwrap()),
        node: NodeId::new("node").unwrap(),
        attempt: 1,
        budget: Arc::new(budget()),
        grants: Arc::new(Grants {
            resources: vec![ResourcePattern::new("*").unwrap()],
            ..Grants::none()
        }),
        deadline: Instant::now() + Duration::from_secs(1),
        observer: Arc::new(Deaf),
    }
}
