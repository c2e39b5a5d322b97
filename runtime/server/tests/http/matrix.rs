//! Who may call what: every method with every kind of credentials.

use std::time::SystemTime;

use hap_server::auth::{JwtAuth, JwtSettings, KeySource};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::described;
use crate::methods::analyzer;
use crate::support::{Running, Setup, Table};

/// Every method with the scope that it needs, the parameters of a call that succeeds (`RUN` is a run of `g`), and whether
/// the scope is narrowed by a name. A method that is missing here fails the test.
pub(crate) const METHODS: [(&str, &str, &str, bool); 26] = [
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
    ("run/subscribe", "run:read", r#"{"run":"RUN"}"#, true),
    ("run/unsubscribe", "", r#"{"run":"RUN"}"#, false),
    ("$/cancelRequest", "", r#"{"id":1}"#, false),
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
    WrongSignature,
    WrongIssuer,
    WrongAudience,
    Expired,
    NotYetGood,
    NoScope,
    WrongScope,
    OtherName,
    OtherTenant,
    Right,
}

const EVERYBODY: [Who; 12] = [
    Who::NoToken,
    Who::BadToken,
    Who::WrongSignature,
    Who::WrongIssuer,
    Who::WrongAudience,
    Who::Expired,
    Who::NotYetGood,
    Who::NoScope,
    Who::WrongScope,
    Who::OtherName,
    Who::OtherTenant,
    Who::Right,
];

impl Who {
    /// Those who are not let in at all.
    fn is_nobody(self) -> bool {
        !matches!(
            self,
            Who::NoScope | Who::WrongScope | Who::OtherName | Who::OtherTenant | Who::Right
        )
    }

    /// A signed token as such a caller has it, for methods with this scope.
    fn token(self, scope: &str) -> Option<String> {
        let (mut secret, now) = (SECRET, unix_seconds());
        let mut claims = json!({
            "iss": ISSUER, "aud": "hap", "sub": "ada", "tenant": "acme", "scope": scope, "exp": now + 600,
        });
        match self {
            Who::NoToken => return None,
            Who::BadToken => return Some("hap_nobody".to_owned()),
            Who::WrongSignature => secret = b"another secret of thirty-two bytes",
            Who::WrongIssuer => claims["iss"] = "https://evil.example.com/".into(),
            Who::WrongAudience => claims["aud"] = "another-service".into(),
            // More than the leeway that clocks have.
            Who::Expired => claims["exp"] = (now - 600).into(),
            Who::NotYetGood => claims["nbf"] = (now + 600).into(),
            Who::NoScope => claims["scope"] = "".into(),
            Who::WrongScope if scope == "resource:read" => claims["scope"] = "run:read".into(),
            Who::WrongScope => claims["scope"] = "resource:read".into(),
            Who::OtherName if scope.is_empty() => {}
            Who::OtherName => claims["scope"] = format!("{scope}:something-else").into(),
            Who::OtherTenant => claims["tenant"] = "other".into(),
            Who::Right => {}
        }
        let header = Header::new(Algorithm::HS256);
        Some(encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap())
    }
}

const ISSUER: &str = "https://login.example.com/";
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn unix_seconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// Lets in whoever has a token that the issuer signed for `hap`.
fn issuer() -> JwtAuth {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), SECRET).unwrap();
    let keys = KeySource::secret_file(file.path()).unwrap();
    JwtAuth::new(JwtSettings::new(ISSUER, "hap"), keys).unwrap()
}

/// What the answer is to be: the kind of its error, or `ok`.
fn expected(method: &str, scope: &str, narrowed: bool, who: Who) -> &'static str {
    let anybody = scope.is_empty();
    let of_tenant =
        method.starts_with("run/") || matches!(method, "graph/describe" | "graph/execute" | "graph/delete");
    match who {
        nobody if nobody.is_nobody() => "unauthenticated",
        Who::NoScope | Who::WrongScope if !anybody => "forbidden",
        Who::OtherName if narrowed => "forbidden",
        Who::OtherTenant if of_tenant && narrowed => "not-found",
        // These need a connection that stays, which the tests of the sockets have.
        _ if method.ends_with("subscribe") || method.starts_with('$') => "method-not-found",
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
    described::check(method, &answer);
    kind
}

#[tokio::test]
async fn every_method_with_every_kind_of_credentials() {
    let folder = analyzer();
    let server = Setup {
        auth: Table::default().with("root", "acme", "admin").or(issuer()),
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("g", "t:echo").await;
    let run = server.call("graph/execute", json!({ "name": "g" })).await["run_id"].clone();
    let run = run.as_str().unwrap();

    // The server itself tells which methods it has, under which names, and what each needs.
    let document = server.call("rpc.discover", json!({})).await;
    let told = document["methods"].as_array().unwrap().iter();
    let mut told: Vec<(&str, &str)> = told
        .map(|one| {
            (
                one["name"].as_str().unwrap(),
                // One of several is enough.
                one["x-scope"]
                    .as_str()
                    .or(one["x-scope"][0].as_str())
                    .unwrap_or(""),
            )
        })
        .collect();
    let mut known = METHODS.map(|(name, scope, ..)| (name, scope)).to_vec();
    told.sort_unstable();
    known.sort_unstable();
    assert_eq!(told, known, "the matrix must know every method and its scope");

    for (number, (method, scope, params, narrowed)) in METHODS.into_iter().enumerate() {
        let described = document["methods"].as_array().unwrap();
        let described = described.iter().find(|one| one["name"] == method).unwrap();
        let aliases = described["x-aliases"].as_array().into_iter().flatten();
        let names = std::iter::once(method).chain(aliases.map(|name| name.as_str().unwrap()));
        for (spelling, name) in names.enumerate() {
            for (count, who) in EVERYBODY.into_iter().enumerate() {
                let fresh = format!("fresh-{number}-{spelling}-{count}");
                let doomed = format!("doomed-{number}-{spelling}-{count}");
                if params.contains("DOOMED") {
                    server.graph(&doomed, "t:echo").await;
                }
                let params = params
                    .replace("FRESH", &fresh)
                    .replace("DOOMED", &doomed)
                    .replace("RUN", run);
                let params: Value = serde_json::from_str(&params).unwrap();
                let got = kind(&server, who.token(scope).as_deref(), name, &params).await;
                assert_eq!(got, expected(method, scope, narrowed, who), "{name} as {who:?}");
            }
        }
    }
    for who in EVERYBODY {
        let token = who.token("run:read").unwrap_or_default();
        let status = match who {
            nobody if nobody.is_nobody() => 401,
            Who::OtherTenant => 404,
            Who::Right => 200,
            _ => 403,
        };
        let events = server.get(&token, &format!("/runs/{run}/events")).await;
        assert_eq!(events.status, status, "events as {who:?}");
        let document = server.get(&token, "/openrpc.json").await;
        assert_eq!(document.status == 401, who.is_nobody(), "the document as {who:?}");
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
