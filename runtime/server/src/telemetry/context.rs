//! W3C Trace Context: which trace a request belongs to, as its `traceparent` header says it
//! (<https://www.w3.org/TR/trace-context/>, section 3.2). What follows a request in its task finds it here.

use std::fmt;

tokio::task_local! {
    static CURRENT: Option<TraceContext>;
}

/// A place in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    pub(crate) trace: [u8; 16],
    pub(crate) span: [u8; 8],
    /// Whether whoever made it keeps the trace.
    pub(crate) sampled: bool,
}

impl TraceContext {
    /// Reads a `traceparent`. What is no such thing is no context: a request is never refused for it.
    pub(crate) fn parse(header: &str) -> Option<TraceContext> {
        let mut parts = header.split('-');
        let version: [u8; 1] = hex(parts.next()?)?;
        let (trace, span) = (hex(parts.next()?)?, hex(parts.next()?)?);
        let [flags]: [u8; 1] = hex(parts.next()?)?;
        // Later versions may say more behind it; the first one says nothing else.
        let is_known = match version {
            [0] => parts.next().is_none(),
            [0xff] => false,
            _ => true,
        };
        let is_valid = trace != [0; 16] && span != [0; 8];
        (is_known && is_valid).then_some(TraceContext {
            trace,
            span,
            sampled: flags & 1 == 1,
        })
    }

    /// The context of the request that this task works on, if it has one.
    pub(crate) fn current() -> Option<TraceContext> {
        CURRENT.try_with(|context| *context).ok().flatten()
    }

    /// Does `work` as part of a request with that context.
    pub(crate) async fn within<F: Future>(context: Option<TraceContext>, work: F) -> F::Output {
        CURRENT.scope(context, work).await
    }

    /// The trace's id, as logs tell it.
    pub(crate) fn trace_id(&self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.trace))
    }
}

/// As a `traceparent` or `traceresponse` header.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace, span) = (u128::from_be_bytes(self.trace), u64::from_be_bytes(self.span));
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(self.sampled))
    }
}

/// Digits in lower case, as the format demands.
fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_context_is_written_as_it_is_read() {
        for flags in ["00", "01"] {
            let header = format!("00-{TRACE}-00f067aa0ba902b7-{flags}");
            let context = TraceContext::parse(&header).unwrap();
            assert_eq!(context.to_string(), header);
            assert_eq!(context.trace_id(), TRACE);
            assert_eq!(context.sampled, flags == "01");
        }
        // A later version, and flags of later.
        let later = TraceContext::parse(&format!("cc-{TRACE}-00f067aa0ba902b7-03-more")).unwrap();
        assert!(later.sampled);
    }

    #[test]
    fn what_is_no_context_is_none() {
        for header in [
            String::new(),
            "00".to_owned(),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-00f067aa0ba902b-01"),
            format!("00-{TRACE}-+0f067aa0ba902b7-01"),
            format!("0-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-é0f067aa0ba902b-01"),
        ] {
            assert_eq!(TraceContext::parse(&header), None, "{header}");
        }
    }
}
