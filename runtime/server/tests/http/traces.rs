//! Traces, as a collector gets them: OTLP over HTTP in protobuf, decoded with the types of the specification.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hap_server::Traces;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as Ended;
use prost::Message;
use serde_json::json;

use crate::support::{Running, Setup, agents};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// Takes spans as a collector does.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

impl Collector {
    /// Listens, and gives the address to send to.
    async fn listen(&self, status: StatusCode) -> String {
        let spans = self.0.clone();
        let take = move |headers: HeaderMap, body: Bytes| async move {
            assert_eq!(headers["content-type"], "application/x-protobuf");
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            for resource in request.resource_spans {
                let attributes = resource.resource.unwrap().attributes;
                let service = attributes
                    .iter()
                    .find(|attribute| attribute.key == "service.name");
                let service = service.unwrap().value.clone().unwrap().value;
                assert_eq!(service, Some(Any::StringValue("hap".to_owned())));
                let taken = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
                spans.lock().unwrap().extend(taken);
            }
            (status, ExportTraceServiceResponse::default().encode_to_vec())
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new().route("/v1/traces", post(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/v1/traces")
    }

    /// The spans by their names.
    fn spans(&self) -> HashMap<String, Span> {
        let spans = self.0.lock().unwrap();
        spans
            .iter()
            .map(|span| (span.name.clone(), span.clone()))
            .collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(span: &Span, key: &str) -> Option<String> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.clone()?.value? {
        Any::StringValue(text) => Some(text),
        Any::IntValue(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Executes a graph, and gives the header by which the answer tells its trace.
async fn execute(server: &Running, graph: &str, traceparent: Option<&str>) -> String {
    let header = traceparent.map_or(String::new(), |value| format!("traceparent: {value}\r\n"));
    let headers = format!("host: localhost\r\nauthorization: Bearer root\r\n{header}");
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "graph/execute", "params": { "name": graph } });
    let reply = server
        .send("POST /rpc", &headers, call.to_string().as_bytes())
        .await;
    assert!(reply.json()["error"].is_null(), "{}", reply.json());
    let line = reply
        .head
        .lines()
        .find_map(|line| line.strip_prefix("traceresponse: "));
    line.unwrap_or_default().to_owned()
}

async fn start(traces: &Traces) -> (Running, tempfile::TempDir) {
    let graphs = tempfile::tempdir().unwrap();
    for (name, graph) in [
        (
            "plain",
            "nodes: {a: {agent: 't:echo', next: b}, b: {agent: 't:fail', on_failure: continue}}",
        ),
        (
            "reads",
            "nodes:
  outer:
    graph:
      nodes:
        inner:
          agent: test:scripted
          grants: {resources: ['open/*']}
          params: {steps: [{read: {key: k, name: open/a.txt}}]}
  each: {agent: 'test:scripted', map: {over: list, as: item}}
  again: {agent: 'test:scripted', retry: {attempts: 2, delay: 1ms}, on_failure: continue,
    params: {steps: [{fail-first: {attempts: 1, case: unavailable, message: wait}}, {panic: no}]}}
",
        ),
    ] {
        std::fs::write(graphs.path().join(format!("{name}.yaml")), graph).unwrap();
    }
    let server = Setup {
        agents: vec![agents().join("..")],
        graphs: vec![graphs.path().to_owned()],
        runtime: |builder| {
            let documents = hap::MemoryResources::default().with("open/a.txt", "all that is gold");
            builder.resources(Arc::new(documents))
        },
        traces: Some(traces.clone()),
        ..Setup::default()
    }
    .start()
    .await;
    let listed = server.call("graph/list", json!({})).await;
    assert!(listed["broken"].is_null(), "{listed}");
    (server, graphs)
}

#[tokio::test]
async fn a_run_is_part_of_its_callers_trace() {
    let collector = Collector::default();
    let traces = Traces::otlp(&collector.listen(StatusCode::OK).await, 0.0).unwrap();
    let (server, _graphs) = start(&traces).await;
    let told = execute(&server, "plain", Some(&format!("00-{TRACE}-{CALLER}-01"))).await;
    traces.shutdown().await;
    let spans = collector.spans();
    let (request, run) = (&spans["POST /rpc"], &spans["run graph plain"]);
    let (a, b) = (&spans["node a"], &spans["node b"]);
    for span in [request, run, a, b] {
        assert_eq!(hex(&span.trace_id), TRACE, "{}", span.name);
        assert!(
            span.start_time_unix_nano <= span.end_time_unix_nano,
            "{}",
            span.name
        );
    }
    assert_eq!(hex(&request.parent_span_id), CALLER);
    assert_eq!(run.parent_span_id, request.span_id);
    assert_eq!(
        (&a.parent_span_id, &b.parent_span_id),
        (&run.span_id, &run.span_id)
    );
    assert_eq!(told, format!("00-{TRACE}-{}-01", hex(&request.span_id)));
    assert_eq!(text(request, "http.response.status_code").as_deref(), Some("200"));
    assert_eq!(text(run, "hap.status").as_deref(), Some("partial"));
    assert_eq!(text(run, "hap.tenant").as_deref(), Some("acme"));
    assert_eq!(text(a, "hap.status").as_deref(), Some("done"));
    assert_eq!(text(b, "error.type").as_deref(), Some("failed"));
    assert_eq!(b.status.as_ref().unwrap().code(), Ended::Error);
    // Of traces that begin here, none was to be kept.
    assert_eq!(spans.len(), 4, "{:?}", spans.keys());
}

#[tokio::test]
async fn nested_work_and_calls_to_the_host_have_spans_of_their_own() {
    let collector = Collector::default();
    let traces = Traces::otlp(&collector.listen(StatusCode::OK).await, 1.0).unwrap();
    let (server, _graphs) = start(&traces).await;
    let input = json!({ "name": "reads", "input": { "list": [1, 2] } });
    let ran = server.call("graph/execute", input).await;
    assert_eq!(ran["status"], "partial", "{ran}");
    traces.shutdown().await;
    let spans = collector.spans();
    let parent = |name: &str| spans[name].parent_span_id.clone();
    assert_eq!(parent("node outer"), spans["run graph reads"].span_id);
    assert_eq!(parent("node outer/inner"), spans["node outer"].span_id);
    for function in ["open", "reader.read"] {
        let name = format!("hap:agent/resources.{function}");
        assert_eq!(parent(&name), spans["node outer/inner"].span_id);
        assert_eq!(text(&spans[&name], "hap.subject").as_deref(), Some("open/a.txt"));
    }
    assert_eq!(parent("node each[0]"), spans["node each"].span_id);
    assert_eq!(parent("node each[1]"), spans["node each"].span_id);
    let again = &spans["node again"];
    assert_eq!(again.events.len(), 1, "{again:?}");
    assert_eq!(text(again, "error.type").as_deref(), Some("trap"));
    let whole = &spans["run graph reads"];
    for span in spans.values().filter(|span| span.name.starts_with("node")) {
        assert!(
            span.start_time_unix_nano >= whole.start_time_unix_nano,
            "{}",
            span.name
        );
        assert!(
            span.end_time_unix_nano <= whole.end_time_unix_nano,
            "{}",
            span.name
        );
    }
}

#[tokio::test]
async fn without_a_trace_of_the_callers_one_begins_here() {
    let collector = Collector::default();
    let traces = Traces::otlp(&collector.listen(StatusCode::OK).await, 1.0).unwrap();
    let (server, _graphs) = start(&traces).await;
    for header in [None, Some("no trace at all")] {
        let told = execute(&server, "plain", header).await;
        assert!(told.starts_with("00-") && told.ends_with("-01"), "{told}");
        assert!(!told.contains(TRACE));
    }
    // A caller that keeps nothing is followed in that.
    let told = execute(&server, "plain", Some(&format!("00-{TRACE}-{CALLER}-00"))).await;
    assert!(
        told.starts_with(&format!("00-{TRACE}-")) && told.ends_with("-00"),
        "{told}"
    );
    assert_eq!(server.get("", "/healthz").await.status, 200);
    traces.shutdown().await;
    let spans = collector.0.lock().unwrap();
    let runs = spans.iter().filter(|span| span.name == "run graph plain");
    assert_eq!(runs.count(), 2);
    assert!(
        spans
            .iter()
            .all(|span| hex(&span.trace_id) != TRACE && !span.name.contains("health"))
    );
}

#[tokio::test]
async fn a_collector_that_fails_holds_up_nothing_and_is_told() {
    let collector = Collector::default();
    let refuses = collector.listen(StatusCode::BAD_REQUEST).await;
    for endpoint in [refuses.as_str(), "http://127.0.0.1:1/v1/traces"] {
        let traces = Traces::otlp(endpoint, 1.0).unwrap();
        let (server, _graphs) = start(&traces).await;
        execute(&server, "plain", None).await;
        traces.shutdown().await;
        let metrics = server.get("root", "/metrics").await;
        let metrics = String::from_utf8(metrics.body).unwrap();
        let failed = metrics
            .lines()
            .find_map(|line| line.strip_prefix("hap_trace_exports_total{result=\"failed\"} "));
        assert!(failed.unwrap().parse::<u64>().unwrap() >= 1, "{metrics}");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_sent_to_is_refused() {
    for (endpoint, why) in [
        ("", "it is no address"),
        ("127.0.0.1:4318", "does not begin with `http://`"),
        ("https://collector.example/v1/traces", "TLS is not spoken there"),
        ("http:///v1/traces", "it is no address"),
    ] {
        let error = Traces::otlp(endpoint, 1.0).err().unwrap().to_string();
        assert!(error.contains(why), "{endpoint}: {error}");
    }
}
