//! Who may call what: every method with every kind of credentials.

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::methods::analyzer;
use crate::support::{Running, Setup, Table};

/// Every method with the scope that it needs, the parameters of a call that succeeds (`RUN` is a run of `g`), and whether
/// the scope is narrowed by a name. A method that is missing here fails the test.
pub(crate) const METHODS: [(&str, &str, &str, bool); 23] = [
    ("server/info", "", "{}", false),
    ("agent/list", "agent:read", "{}", false),
    (
        "agent/describe",
        "agent:read",
        r#"{"agent":"data_analyzer"}"#,
        true,
    ),
    (
        "agent/execute",
        "agent:execute",
        r#"{"agent":"data_analyzer"}"#,
        true,
    ),
    (
        "graph/create",
        "graph:create",
        r#"{"name":"FRESH","graph":{"nodes":{"a":{"agent":"t:echo"}}}}"#,
        true,
    ),
    (
        "graph/validate",
        "graph:create",
        r#"{"graph":{"nodes":{"a":{"agent":"t:echo"}}}}"#,
        false,
    ),
    ("graph/list", "graph:read", "{}", false),
    ("graph/describe", "graph:read", r#"{"name":"g"}"#, true),
    ("graph/execute", "graph:execute", r#"{"name":"g"}"#, true),
    ("graph/delete", "graph:delete", r#"{"name":"DOOMED"}"#, true),
    ("run/get", "run:read", r#"{"run":"RUN"}"#, true),
    ("run/list", "run:read", "{}", false),
    ("run/cancel", "run:cancel", r#"{"run":"RUN"}"#, true),
    ("run/events", "run:read", r#"{"run":"RUN"}"#, true),
    ("resource/list", "resource:read", "{}", false),
    (
        "resource/read",
        "resource:read",
        r#"{"name":"hap://server/info"}"#,
        true,
    ),
    ("tools/list", "agent:execute", "{}", false),
    (
        "tools/call",
        "agent:execute",
        r#"{"name":"agent__data_analyzer"}"#,
        true,
    ),
    ("resources/list", "resource:read", "{}", false),
    (
        "resources/read",
        "resource:read",
        r#"{"uri":"hap://server/info"}"#,
        true,
    ),
    ("prompts/list", "agent:execute", "{}", false),
    (
        "prompts/get",
        "agent:execute",
        r#"{"name":"agent__data_analyzer"}"#,
        true,
    ),
    ("rpc.discover", "", "{}", false),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    NoToken,
    BadToken,
    Expired,
    NoScope,
    WrongScope,
    OtherName,
    OtherTenant,
    Right,
}

const EVERYBODY: [Who; 8] = [
    Who::NoToken,
    Who::BadToken,
    Who::Expired,
    Who::NoScope,
    Who::WrongScope,
    Who::OtherName,
    Who::OtherTenant,
    Who::Right,
];

/// What the answer is to be: the kind of its error, or `ok`.
fn expected(method: &str, scope: &str, narrowed: bool, who: Who) -> &'static str {
    let anybody = scope.is_empty();
    let of_tenant =
        method.starts_with("run/") || matches!(method, "graph/describe" | "graph/execute" | "graph/delete");
    match who {
        Who::NoToken | Who::BadToken | Who::Expired => "unauthenticated",
        Who::NoScope | Who::WrongScope if !anybody => "forbidden",
        Who::OtherName if narrowed => "forbidden",
        Who::OtherTenant if of_tenant && narrowed => "not-found",
        _ => "ok",
    }
}

async fn kind(server: &Running, token: Option<&str>, method: &str, params: &Value) -> String {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let token = token
        .map(|token| format!("authorization: Bearer {token}\r\n"))
        .unwrap_or_default();
    let reply = server
        .send(
            "POST /rpc",
            &format!("host: localhost\r\n{token}"),
            call.as_bytes(),
        )
        .await;
    let answer = reply.json();
    let kind = answer["error"]["data"]["kind"]
        .as_str()
        .unwrap_or("ok")
        .to_owned();
    assert_eq!(reply.status == 401, kind == "unauthenticated", "{answer}");
    kind
}

#[tokio::test]
async fn every_method_with_every_kind_of_credentials() {
    let folder = analyzer();
    let wrong = |scope: &str| {
        if scope == "resource:read" {
            "run:read"
        } else {
            "resource:read"
        }
    };
    let mut auth = Table::default()
        .with("root", "acme", "admin")
        .with("none", "acme", "");
    for (_, scope, ..) in METHODS.iter().filter(|(_, scope, ..)| !scope.is_empty()) {
        auth = auth
            .with(&format!("right-{scope}"), "acme", scope)
            .with(&format!("wrong-{scope}"), "acme", wrong(scope))
            .with(
                &format!("name-{scope}"),
                "acme",
                &format!("{scope}:something-else"),
            )
            .with(&format!("tenant-{scope}"), "other", scope);
    }
    let auth = auth
        .with("old", "acme", "admin")
        .expiring("old", SystemTime::UNIX_EPOCH);
    let auth = auth
        .with("right-", "acme", "")
        .with("wrong-", "acme", "")
        .with("name-", "acme", "")
        .with("tenant-", "other", "");
    let server = Setup {
        auth,
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("g", "t:echo").await;
    let run = server.call("graph/execute", json!({ "name": "g" })).await["run_id"].clone();
    let run = run.as_str().unwrap();

    let document = server.call("rpc.discover", json!({})).await;
    let mut told: Vec<&str> = document["methods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    let mut known = METHODS.map(|(name, ..)| name).to_vec();
    told.sort_unstable();
    known.sort_unstable();
    assert_eq!(told, known, "the matrix must know every method");

    for (number, (method, scope, params, narrowed)) in METHODS.into_iter().enumerate() {
        for (count, who) in EVERYBODY.into_iter().enumerate() {
            let fresh = format!("fresh-{number}-{count}");
            let doomed = format!("doomed-{number}-{count}");
            if params.contains("DOOMED") {
                server.graph(&doomed, "t:echo").await;
            }
            let params = params
                .replace("FRESH", &fresh)
                .replace("DOOMED", &doomed)
                .replace("RUN", run);
            let params: Value = serde_json::from_str(&params).unwrap();
            let token = match who {
                Who::NoToken => None,
                Who::BadToken => Some("nobody".to_owned()),
                Who::Expired => Some("old".to_owned()),
                Who::NoScope => Some("none".to_owned()),
                Who::WrongScope => Some(format!("wrong-{scope}")),
                Who::OtherName => Some(format!("name-{scope}")),
                Who::OtherTenant => Some(format!("tenant-{scope}")),
                Who::Right => Some(format!("right-{scope}")),
            };
            let got = kind(&server, token.as_deref(), method, &params).await;
            assert_eq!(got, expected(method, scope, narrowed, who), "{method} as {who:?}");
        }
    }
    for path in [format!("/runs/{run}/events"), "/openrpc.json".to_owned()] {
        assert_eq!(server.get("nobody", &path).await.status, 401, "{path}");
    }
    for (token, status) in [
        ("right-run:read", 200),
        ("none", 403),
        ("name-run:read", 403),
        ("tenant-run:read", 404),
    ] {
        assert_eq!(
            server.get(token, &format!("/runs/{run}/events")).await.status,
            status,
            "{token}"
        );
    }
}

#[tokio::test]
async fn lists_hold_only_what_the_caller_may_see() {
    let folder = analyzer();
    let auth = Table::default()
        .with("root", "acme", "admin")
        .with("some", "acme", "graph:read:a* run:read:a* agent:read:none")
        .with("other", "other", "admin");
    let server = Setup {
        auth,
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    for name in ["a1", "b1"] {
        server.graph(name, "t:echo").await;
        server.call("graph/execute", json!({ "name": name })).await;
    }
    let count = async |token: &str, method: &str, list: &str| {
        let answer = server.answer(token, method, json!({})).await;
        answer["result"][list].as_array().unwrap().len()
    };
    for (token, graphs, runs, agents) in [("root", 2, 2, 1), ("some", 1, 1, 0), ("other", 0, 0, 1)] {
        assert_eq!(count(token, "graph/list", "graphs").await, graphs, "{token}");
        assert_eq!(count(token, "run/list", "runs").await, runs, "{token}");
        assert_eq!(count(token, "agent/list", "agents").await, agents, "{token}");
    }
}

#[tokio::test]
async fn nobody_gives_an_agent_what_they_may_not_read_themselves() {
    let auth = Table::default().with("root", "acme", "admin").with(
        "part",
        "acme",
        "graph:create resource:read:open/*",
    );
    let server = Setup {
        auth,
        ..Setup::default()
    }
    .start()
    .await;
    for (pattern, kind) in [
        ("open/*", "ok"),
        ("open/a", "ok"),
        ("*", "forbidden"),
        ("secret/a", "forbidden"),
        ("open", "forbidden"),
    ] {
        let graph = json!({ "nodes": { "a": { "agent": "t:echo", "grants": { "resources": [pattern] } } } });
        let answer = server
            .answer("part", "graph/validate", json!({ "graph": graph }))
            .await;
        assert_eq!(
            answer["error"]["data"]["kind"].as_str().unwrap_or("ok"),
            kind,
            "{pattern}: {answer}"
        );
    }
}
