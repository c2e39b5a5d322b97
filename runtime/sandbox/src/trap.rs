//! From wasmtime's errors to failures that say which limit or fault it was.

use hap_model::{Budget, Failure, FailureKind, Level, Limit, LogRecord, LogSource, sanitize};
use wasmtime::component::ResourceTableError;
use wasmtime::{Error, PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::error::chain;

/// The deepest call stack told.
const MAX_FRAMES: usize = 32;

/// The longest line of it.
const MAX_FRAME_BYTES: usize = 300;

/// How far a call had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The component was being instantiated.
    Instantiation,
    /// The guest was called.
    Call,
}

/// What `error` means for a call with this budget, when no limit of the host's own functions explains it.
pub(crate) fn explain(error: &Error, phase: Phase, budget: &Budget, last_log: &[LogRecord]) -> Failure {
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    let mut failure =
        limit(error, budget, backtrace.is_some()).unwrap_or_else(|| fault(error, phase, last_log));
    failure.backtrace = backtrace.map(frames).unwrap_or_default();
    failure
}

/// A limit that wasmtime itself holds.
fn limit(error: &Error, budget: &Budget, in_guest: bool) -> Option<Failure> {
    let reached =
        |limit: Limit| Failure::limit(limit, budget.get(limit), budget.get(limit).saturating_add(1));
    if error.downcast_ref::<Trap>() == Some(&Trap::OutOfFuel) {
        let allowed = budget.get(Limit::Fuel);
        return Some(Failure::limit(Limit::Fuel, allowed, allowed));
    }
    if matches!(
        error.downcast_ref::<ResourceTableError>(),
        Some(ResourceTableError::Full)
    ) {
        return Some(reached(Limit::Handles));
    }
    // These have no type of their own in wasmtime 48; the hostile suite holds the texts.
    let text = chain(error);
    if text.contains("fuel allocated for hostcalls has been exhausted") {
        // Taking over the call's own output is the one transfer that happens while no guest code is on the stack.
        return Some(reached(if in_guest {
            Limit::HostCallBytes
        } else {
            Limit::Output
        }));
    }
    if text.contains("store handle limit exceeded") || text.contains("handle table") && text.contains("full")
    {
        return Some(reached(Limit::Handles));
    }
    text.contains("resource limit exceeded")
        .then(|| reached(Limit::Instances))
}

/// Everything else: the guest's fault, or that of its component.
fn fault(error: &Error, phase: Phase, last_log: &[LogRecord]) -> Failure {
    if error.is::<PoolConcurrencyLimitError>() {
        let hint = "lower `max_parallel`, or raise `max_instances` of the sandbox";
        return Failure::new(FailureKind::Instantiation, chain(error)).hint(hint);
    }
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        let message = format!("the agent ended its process with exit code {code} instead of returning");
        return Failure::new(FailureKind::Trap, message).hint("return an output or an error of the contract");
    }
    let trap = error.downcast_ref::<Trap>();
    if let Some(panic) = panic_message(last_log) {
        return Failure::new(FailureKind::Trap, panic);
    }
    match (trap, phase) {
        (Some(Trap::StackOverflow), _) => Failure::new(FailureKind::Trap, "the agent exhausted its call stack")
            .hint("look for recursion without an end"),
        (Some(Trap::UnreachableCodeReached), _) => {
            Failure::new(FailureKind::Trap, "the agent aborted (WebAssembly `unreachable`)")
                .hint("a panic in a language whose SDK reports panics has its message here; other runtimes print it to stderr")
        }
        (Some(trap), _) => Failure::new(FailureKind::Trap, trap.to_string()),
        (None, Phase::Instantiation) => Failure::new(FailureKind::Instantiation, root(error)),
        (None, Phase::Call) if error.is::<WasmBacktrace>() => Failure::new(FailureKind::Trap, root(error)),
        (None, Phase::Call) => Failure::new(FailureKind::InvalidOutput, root(error))
            .hint("the agent broke the component model's rules for strings or lists: check its bindings"),
    }
}

/// The causes of an error without the backtrace, which wasmtime adds as context.
fn root(error: &Error) -> String {
    let parts: Vec<String> = error
        .chain()
        .map(ToString::to_string)
        .filter(|text| !text.starts_with("error while executing"))
        .collect();
    sanitize(&parts.join(": "), 2000)
}

/// What the guest said before it aborted: the SDK's record of a panic, or what a runtime printed to stderr.
fn panic_message(last_log: &[LogRecord]) -> Option<String> {
    let is_panic = |record: &&LogRecord| match record.source {
        LogSource::Log => record.level == Level::Error && record.message.starts_with("panicked at "),
        LogSource::Host => false,
        LogSource::Stdout | LogSource::Stderr => record.message.contains("panicked at "),
    };
    let position = last_log.iter().rposition(|record| is_panic(&record))?;
    let record = last_log.get(position)?;
    // Rust's own hook prints the place on one line and the message on the next.
    let follow = last_log
        .get(position + 1)
        .filter(|next| record.source == LogSource::Stderr && next.source == LogSource::Stderr);
    Some(match follow {
        Some(next) => format!("{} {}", record.message, next.message),
        None => record.message.clone(),
    })
}

fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let text = backtrace.to_string();
    let lines = text.lines().skip(1).take(MAX_FRAMES);
    lines.map(|line| sanitize(line.trim(), MAX_FRAME_BYTES)).collect()
}
