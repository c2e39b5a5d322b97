//! Traces over OTLP: a span for each request, run, node and call to the host, made from the events of runs. The engine and
//! the sandbox know nothing of it, and agents are told nothing: no trace crosses into a guest.
//!
//! Spans wait in a bounded queue for a thread of the SDK's own; what does not fit is dropped, and no run ever waits.

mod post;
mod spans;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, Span,
};

use super::TraceContext;
use post::{Exports, Post};
pub(super) use spans::RunSpans;

/// How many spans may wait to be sent; more are dropped.
const MAX_WAITING_SPANS: usize = 8192;

/// How long the last spans may take to be sent when the server ends.
const LAST_SPANS: Duration = Duration::from_secs(5);

/// Sends traces to a collector. Clones are the same.
#[derive(Clone)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    exports: Arc<Exports>,
}

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TracesError {
    /// The address is none that can be sent to.
    #[error("traces cannot be sent to `{endpoint}`: {why}")]
    Endpoint {
        /// The address.
        endpoint: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Traces {
    /// Sends traces to the collector at `endpoint`, such as `http://127.0.0.1:4318/v1/traces`, as OTLP over HTTP in protobuf.
    /// Of the traces that begin here the share `sample` is kept, from 0 to 1; of those that callers began, what they say.
    ///
    /// It must be called in the tokio runtime that is to send them.
    ///
    /// # Errors
    /// When the address cannot be sent to. Whether anybody listens there is not asked.
    pub fn otlp(endpoint: &str, sample: f64) -> Result<Traces, TracesError> {
        let wrong = |why: String| TracesError::Endpoint {
            endpoint: hap::sanitize(endpoint, 200),
            why,
        };
        let (post, exports) = Post::new(endpoint).map_err(wrong)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(post)
            .with_endpoint(endpoint)
            .with_protocol(Protocol::HttpBinary)
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(MAX_WAITING_SPANS)
            .build();
        let processor = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder()
            .with_service_name("hap")
            .with_attribute(version)
            .build();
        let root = Sampler::TraceIdRatioBased(sample.clamp(0.0, 1.0));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_resource(resource)
            .with_sampler(Sampler::ParentBased(Box::new(root)))
            .build();
        let tracer = provider.tracer("hap");
        Ok(Traces {
            provider,
            tracer,
            exports,
        })
    }

    /// Sends what still waits. Afterwards nothing is sent any more.
    pub async fn shutdown(&self) {
        let provider = self.provider.clone();
        let ending = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(LAST_SPANS));
        // What a collector does not take in time is lost.
        let _ = ending.await;
    }

    /// How many batches of spans were sent, and how many could not be.
    pub(super) fn exports(&self) -> (u64, u64) {
        self.exports.counts()
    }

    /// A span of a request. It ends when it is dropped.
    pub(super) fn request(&self, parent: Option<TraceContext>, method: &str, route: &str) -> RequestSpan {
        let attributes = [
            KeyValue::new("http.request.method", method.to_owned()),
            KeyValue::new("http.route", route.to_owned()),
        ];
        let builder = self
            .tracer
            .span_builder(format!("{method} {route}"))
            .with_kind(SpanKind::Server)
            .with_attributes(attributes);
        RequestSpan(self.tracer.build_with_context(builder, &within(parent)))
    }

    fn span(&self, name: String, parent: &SpanContext, began: SystemTime, attributes: Vec<KeyValue>) -> Span {
        let parent = Context::new().with_remote_span_context(parent.clone());
        let builder = self
            .tracer
            .span_builder(name)
            .with_kind(SpanKind::Internal)
            .with_start_time(began)
            .with_attributes(attributes);
        self.tracer.build_with_context(builder, &parent)
    }
}

/// The span of one request.
pub(crate) struct RequestSpan(Span);

impl RequestSpan {
    /// Where it stands, for what the request asks for.
    pub(crate) fn context(&self) -> TraceContext {
        let context = self.0.span_context();
        TraceContext {
            trace: context.trace_id().to_bytes(),
            span: context.span_id().to_bytes(),
            sampled: context.is_sampled(),
        }
    }

    /// The request was answered with this status.
    pub(crate) fn answered(&mut self, status: u16) {
        let status = KeyValue::new("http.response.status_code", i64::from(status));
        self.0.set_attribute(status);
    }
}

/// The place in a trace that a caller or a request stands for.
fn span_context(context: TraceContext) -> SpanContext {
    let flags = if context.sampled {
        TraceFlags::SAMPLED
    } else {
        TraceFlags::NOT_SAMPLED
    };
    let (trace, span) = (
        TraceId::from_bytes(context.trace),
        SpanId::from_bytes(context.span),
    );
    SpanContext::new(trace, span, flags, true, TraceState::NONE)
}

fn within(parent: Option<TraceContext>) -> Context {
    match parent {
        Some(parent) => Context::new().with_remote_span_context(span_context(parent)),
        None => Context::new(),
    }
}
