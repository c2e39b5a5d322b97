//! Web pages of known origins may call, as a browser asks it.

use hap_server::Settings;

use crate::support::{Reply, Running, Setup};

const CALL: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"server/info"}"#;

async fn start() -> Running {
    let settings = Settings {
        origins: vec!["https://good.example".to_owned()],
        ..Setup::default().settings
    };
    Setup {
        settings,
        ..Setup::default()
    }
    .start()
    .await
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply
        .head
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}: ")))
}

#[tokio::test]
async fn a_browser_is_told_that_a_known_page_may_call_and_read() {
    let server = start().await;
    let asks = "host: localhost\r\norigin: https://good.example\r\naccess-control-request-method: POST\r\n\
        access-control-request-headers: authorization,content-type\r\n";
    // It asks without a token, at any place.
    for path in ["/rpc", "/runs/x/events"] {
        let reply = server.send(&format!("OPTIONS {path}"), asks, b"").await;
        assert_eq!(reply.status, 204, "{}", reply.head);
        for (name, value) in [
            ("access-control-allow-origin", "https://good.example"),
            ("access-control-allow-methods", "GET, POST, DELETE"),
            ("access-control-allow-headers", "authorization,content-type"),
            ("access-control-max-age", "7200"),
        ] {
            assert_eq!(header(&reply, name), Some(value), "{}", reply.head);
        }
        assert!(reply.head.contains("vary: origin"), "{}", reply.head);
        // No cookies are ever asked for.
        assert_eq!(header(&reply, "access-control-allow-credentials"), None);
    }
    let from = "host: localhost\r\norigin: https://good.example\r\n";
    let reply = server
        .send(
            "POST /rpc",
            &format!("{from}authorization: Bearer root\r\n"),
            CALL,
        )
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        header(&reply, "access-control-allow-origin"),
        Some("https://good.example")
    );
    // A page can read why it was refused, too.
    let reply = server.send("POST /rpc", from, CALL).await;
    assert_eq!(reply.status, 401);
    assert_eq!(
        header(&reply, "access-control-allow-origin"),
        Some("https://good.example")
    );
    assert_eq!(header(&reply, "access-control-expose-headers"), Some("*"));
}

#[tokio::test]
async fn an_unknown_page_and_whoever_only_pretends_to_ask_are_refused() {
    let server = start().await;
    for (headers, status) in [
        (
            "origin: https://evil.example\r\naccess-control-request-method: POST\r\n",
            403,
        ),
        ("origin: null\r\naccess-control-request-method: POST\r\n", 403),
        // Neither of these is a browser's question, and both come without a token.
        ("access-control-request-method: POST\r\n", 401),
        ("origin: https://good.example\r\n", 401),
    ] {
        let reply = server
            .send("OPTIONS /rpc", &format!("host: localhost\r\n{headers}"), b"")
            .await;
        assert_eq!(reply.status, status, "{headers}: {}", reply.head);
        let allowed = header(&reply, "access-control-allow-origin").is_some();
        assert_eq!(allowed, headers.contains("good"), "{}", reply.head);
    }
    // Who is no page is told nothing of pages.
    let reply = server.post("root", CALL).await;
    assert_eq!(header(&reply, "access-control-allow-origin"), None);
}
