//! What is offered over MCP, and to whom: tools, resources, prompts, completions, in both versions of the protocol.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mcp_client::{McpClient, NEW, OLD, new_message};
use crate::methods::analyzer;
use crate::support::{Running, Setup, Table, agents, until};

/// A server with the agents `data_analyzer`, `test:echo` and `test:scripted`, the graphs `g` and `fails`, and documents; and
/// the folder of its agents.
async fn server(auth: Table) -> (Running, TempDir) {
    let folder = analyzer();
    std::fs::create_dir(folder.path().join("test")).unwrap();
    for agent in ["echo.wasm", "scripted.wasm"] {
        std::fs::copy(agents().join(agent), folder.path().join("test").join(agent)).unwrap();
    }
    let runtime = |builder: hap::RuntimeBuilder| {
        let documents = hap::MemoryResources::default()
            .with("a b/ü.txt", "all that is gold")
            .with("b.bin", [0xff, 0xfe]);
        builder.resources(Arc::new(documents))
    };
    let server = Setup {
        auth,
        runtime,
        agents: vec![folder.path().to_owned()],
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("g", "t:echo").await;
    server.graph("fails", "t:fail").await;
    (server, folder)
}

fn root() -> Table {
    Table::default().with("root", "acme", "admin")
}

fn names(list: &Value, of: &str, key: &str) -> Vec<String> {
    let list = list["result"][of].as_array().unwrap_or_else(|| panic!("{list}"));
    list.iter()
        .map(|one| one[key].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn agents_and_graphs_are_tools_with_their_schemas() {
    let (server, _folder) = server(root()).await;
    let client = McpClient::initialized(&server, "root").await;
    let listed = client.ask("tools/list", json!({})).await;
    let tools = names(&listed, "tools", "name");
    for name in [
        "agent__data_analyzer",
        "agent__test__echo",
        "agent__test__scripted",
        "g",
        "fails",
    ] {
        assert!(tools.contains(&name.to_owned()), "{tools:?}");
    }
    let tools = listed["result"]["tools"].as_array().unwrap();
    let echo = tools
        .iter()
        .find(|tool| tool["name"] == "agent__test__echo")
        .unwrap();
    assert_eq!(echo["title"], "test:echo");
    assert_eq!(echo["description"], "Answers with the text that it was given.");
    assert_eq!(echo["inputSchema"]["properties"]["text"]["type"], "string");
    assert_eq!(echo["inputSchema"]["required"], json!(["text"]));
    assert_eq!(echo["outputSchema"]["properties"]["text"]["type"], "string");
    assert_eq!(
        echo["annotations"],
        json!({ "readOnlyHint": true, "idempotentHint": true })
    );
    let graph = tools.iter().find(|tool| tool["name"] == "g").unwrap();
    assert_eq!(graph["inputSchema"]["type"], "object");
    // The other version, and the methods of the same names, tell the same.
    let new = McpClient::new(&server, "root")
        .ask_new("tools/list", json!({}))
        .await;
    assert_eq!(new["result"]["tools"], listed["result"]["tools"]);
    assert_eq!(new["result"]["cacheScope"], "private");
    assert_eq!(
        server.call("tools/list", json!({})).await["tools"],
        listed["result"]["tools"]
    );
}

#[tokio::test]
async fn a_graph_takes_what_its_first_node_takes() {
    let (server, _folder) = server(root()).await;
    let create = async |name: &str, graph: Value| {
        server
            .call("graph/create", json!({ "name": name, "graph": graph }))
            .await;
    };
    let echo = json!({ "agent": "test:echo", "next": ["b"] });
    create(
        "one",
        json!({ "nodes": { "a": echo, "b": { "agent": "t:echo" } } }),
    )
    .await;
    let narrow = json!({ "agent": "test:echo", "reads": ["text"] });
    create(
        "two",
        json!({ "nodes": { "a": narrow, "b": { "agent": "t:echo" } } }),
    )
    .await;
    let listed = McpClient::new(&server, "root")
        .ask_new("tools/list", json!({}))
        .await;
    let schema = |name: &str| {
        let tools = listed["result"]["tools"].as_array().unwrap();
        tools.iter().find(|tool| tool["name"] == name).unwrap()["inputSchema"].clone()
    };
    for name in ["one", "two"] {
        assert_eq!(schema(name)["properties"]["text"]["type"], "string", "{name}");
        assert_eq!(schema(name)["required"], json!(["text"]), "{name}");
    }
}

#[tokio::test]
async fn a_call_gives_structured_output_and_names_its_run() {
    let (server, _folder) = server(root()).await;
    let old = McpClient::initialized(&server, "root").await;
    let new = McpClient::new(&server, "root");
    let params = json!({ "name": "agent__test__echo", "arguments": { "text": "hi" } });
    let answers = [
        old.ask("tools/call", params.clone()).await,
        new.ask_new("tools/call", params.clone()).await,
        server.answer("root", "tools/call", params).await,
    ];
    for answer in answers {
        let result = &answer["result"];
        assert_eq!(result["isError"], false, "{answer}");
        assert_eq!(result["structuredContent"], json!({ "text": "hi" }));
        assert_eq!(result["content"][0]["text"], r#"{"text":"hi"}"#);
        let run = server
            .call("run/get", json!({ "run": result["_meta"]["hap/run_id"] }))
            .await;
        assert_eq!(
            (&run["agent"], &run["status"], &run["user"]),
            (&json!("test:echo"), &json!("success"), &json!("root-user"))
        );
    }
}

#[tokio::test]
async fn a_failed_run_is_a_result_and_a_wrong_call_an_error() {
    let (server, _folder) = server(root()).await;
    let client = McpClient::initialized(&server, "root").await;
    let failed = client.ask("tools/call", json!({ "name": "fails" })).await;
    assert_eq!(failed["result"]["isError"], true, "{failed}");
    let text = failed["result"]["content"][0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("The graph `fails` failed.\nNode `only`: ") && text.contains("(failed)"),
        "{text}"
    );
    // Arguments that the agent does not take are what a model can mend.
    let wrong = client
        .ask(
            "tools/call",
            json!({ "name": "agent__test__echo", "arguments": { "txt": 1 } }),
        )
        .await;
    assert_eq!(wrong["result"]["isError"], true, "{wrong}");
    assert!(
        wrong["result"]["content"][0]["text"]
            .as_str()
            .unwrap()
            .contains("invalid-input"),
        "{wrong}"
    );
    for name in [
        "none",
        "agent__none",
        "agent__data-analyzer",
        "graph__g",
        "a b",
        "",
    ] {
        let answer = client.ask("tools/call", json!({ "name": name })).await;
        assert_eq!(answer["error"]["code"], -32602, "{name}: {answer}");
    }
    let answer = client.ask("prompts/get", json!({ "name": "none" })).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    let answer = client.ask("nonsense", json!({})).await;
    assert_eq!(answer["error"]["code"], -32601, "{answer}");
}

#[tokio::test]
async fn callers_see_and_call_what_their_scopes_name() {
    let auth = root()
        .with("part", "acme", "agent:execute:test:* graph:execute:g")
        .with("none", "acme", "")
        .with("other", "other", "admin");
    let (server, _folder) = server(auth).await;
    let part = McpClient::initialized(&server, "part").await;
    assert_eq!(
        names(&part.ask("tools/list", json!({})).await, "tools", "name"),
        ["agent__test__echo", "agent__test__scripted", "g"]
    );
    assert_eq!(
        names(&part.ask("prompts/list", json!({})).await, "prompts", "name").len(),
        3
    );
    for name in ["agent__data_analyzer", "fails"] {
        for method in ["tools/call", "prompts/get"] {
            let answer = part.ask(method, json!({ "name": name })).await;
            assert_eq!(
                answer["error"]["data"]["kind"], "forbidden",
                "{method} {name}: {answer}"
            );
        }
    }
    let none = McpClient::initialized(&server, "none").await;
    for (method, list) in [
        ("tools/list", "tools"),
        ("prompts/list", "prompts"),
        ("resources/list", "resources"),
    ] {
        let key = if list == "resources" { "uri" } else { "name" };
        assert_eq!(
            names(&none.ask(method, json!({})).await, list, key),
            [""; 0],
            "{method}"
        );
    }
    let other = McpClient::new(&server, "other");
    assert!(!names(&other.ask_new("tools/list", json!({})).await, "tools", "name").contains(&"g".to_owned()));
    let answer = other.ask_new("tools/call", json!({ "name": "g" })).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
}

#[tokio::test]
async fn resources_have_uris_and_are_read_whole() {
    let auth = root().with("part", "acme", "resource:read:b.bin agent:read");
    let (server, _folder) = server(auth).await;
    let client = McpClient::initialized(&server, "root").await;
    let uris = names(&client.ask("resources/list", json!({})).await, "resources", "uri");
    let document = "hap://documents/a%20b/%C3%BC.txt";
    for uri in [
        "hap://server/info",
        "agent://test%3Aecho/info",
        "graph://g",
        document,
        "hap://documents/b.bin",
    ] {
        assert!(uris.contains(&uri.to_owned()), "{uris:?}");
    }
    for uri in &uris {
        let answer = client.ask("resources/read", json!({ "uri": uri })).await;
        assert_eq!(answer["result"]["contents"][0]["uri"], uri.as_str(), "{answer}");
    }
    let read = async |uri: &str| {
        client.ask("resources/read", json!({ "uri": uri })).await["result"]["contents"][0].clone()
    };
    assert_eq!(read(document).await["text"], "all that is gold");
    assert_eq!(read(document).await["mimeType"], "text/plain");
    assert_eq!(read("hap://documents/b.bin").await["blob"], "//4=");
    assert!(
        read("agent://test:echo/info").await["text"]
            .as_str()
            .unwrap()
            .contains("test:echo")
    );
    for uri in [
        "hap://documents/none",
        "hap://documents/a%20b/../b.bin",
        "hap://documents/%2e%2e/x",
        "graph://none",
        "b.bin",
        "",
        "file:///etc/passwd",
        "hap://documents/%ff",
    ] {
        let answer = client.ask("resources/read", json!({ "uri": uri })).await;
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["data"]["uri"]),
            (&json!(-32002), &json!(uri)),
            "{answer}"
        );
        let answer = McpClient::new(&server, "root")
            .ask_new("resources/read", json!({ "uri": uri }))
            .await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    let part = McpClient::initialized(&server, "part").await;
    assert_eq!(
        names(&part.ask("resources/list", json!({})).await, "resources", "uri"),
        ["hap://documents/b.bin"]
    );
    for uri in [document, "hap://server/info", "agent://test%3Aecho/info"] {
        let answer = part.ask("resources/read", json!({ "uri": uri })).await;
        assert_eq!(answer["error"]["data"]["kind"], "forbidden", "{answer}");
    }
    let templates = client.ask("resources/templates/list", json!({})).await;
    assert!(
        names(&templates, "resourceTemplates", "uriTemplate").contains(&"hap://documents/{+path}".to_owned())
    );
}

#[tokio::test]
async fn a_prompt_asks_for_its_tool_and_carries_what_is_known() {
    let auth = root().with("part", "acme", "agent:execute");
    let (server, _folder) = server(auth).await;
    let client = McpClient::initialized(&server, "root").await;
    let listed = client.ask("prompts/list", json!({})).await;
    let prompts = listed["result"]["prompts"].as_array().unwrap();
    let echo = prompts
        .iter()
        .find(|prompt| prompt["name"] == "agent__test__echo")
        .unwrap();
    assert_eq!(echo["arguments"], json!([{ "name": "text", "required": true }]));
    let get = json!({ "name": "agent__test__echo", "arguments": { "text": "hi" } });
    let got = client.ask("prompts/get", get.clone()).await;
    let messages = got["result"]["messages"].as_array().unwrap();
    let text = messages[0]["content"]["text"].as_str().unwrap();
    assert!(
        text.contains("`agent__test__echo`") && text.contains(r#"{"text":"hi"}"#),
        "{text}"
    );
    let resource = &messages[1]["content"]["resource"];
    assert_eq!(resource["uri"], "agent://test%3Aecho/info");
    assert!(resource["text"].as_str().unwrap().contains("manifest"));
    let missing = client
        .ask("prompts/get", json!({ "name": "agent__test__echo" }))
        .await;
    assert_eq!(
        (&missing["error"]["code"], &missing["error"]["data"]["param"]),
        (&json!(-32602), &json!("text"))
    );
    // Who may run it and not read about it gets the words alone.
    let got = McpClient::new(&server, "part").ask_new("prompts/get", get).await;
    assert_eq!(got["result"]["messages"].as_array().unwrap().len(), 1, "{got}");
}

#[tokio::test]
async fn names_are_completed() {
    let (server, _folder) = server(root()).await;
    let client = McpClient::new(&server, "root");
    let complete = async |uri: &str, start: &str| {
        let params = json!({ "ref": { "type": "ref/resource", "uri": uri }, "argument": { "name": "name", "value": start } });
        client.ask_new("completion/complete", params).await["result"]["completion"]["values"].clone()
    };
    assert_eq!(
        complete("agent://{name}/info", "test:e").await,
        json!(["test:echo"])
    );
    assert_eq!(complete("graph://{name}", "").await, json!(["fails", "g"]));
    assert_eq!(complete("hap://documents/{+path}", "").await, json!([]));
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let (server, _folder) = server(root()).await;
    for number in 0..98 {
        server.graph(&format!("n{number:02}"), "t:echo").await;
    }
    let client = McpClient::initialized(&server, "root").await;
    let first = client.ask("tools/list", json!({})).await;
    let next = client
        .ask("tools/list", json!({ "cursor": first["result"]["nextCursor"] }))
        .await;
    let (first, next) = (names(&first, "tools", "name"), names(&next, "tools", "name"));
    assert_eq!((first.len(), next.len()), (100, 3));
    assert!(first.iter().all(|name| !next.contains(name)));
    assert_eq!(next.last().unwrap(), "n97");
}

#[tokio::test]
async fn progress_and_log_records_come_before_the_answer() {
    let (server, _folder) = server(root()).await;
    let steps = json!([{ "progress": 0.25 }, { "log": "so far" }, { "progress": 0.75 }, { "emit": { "done": true } }]);
    let graph = json!({ "nodes": { "a": { "agent": "test:scripted", "params": { "steps": steps } } } });
    server
        .call("graph/create", json!({ "name": "slow", "graph": graph }))
        .await;
    let mut call = new_message("tools/call", json!({ "name": "slow", "arguments": {} }));
    call["params"]["_meta"]["progressToken"] = "p".into();
    call["params"]["_meta"]["io.modelcontextprotocol/logLevel"] = "info".into();
    let client = McpClient::new(&server, "root");
    let told = client.open(NEW, "POST /mcp", &call).await.rest().await;
    let progress: Vec<f64> = told
        .iter()
        .filter_map(|one| one["params"]["progress"].as_f64())
        .collect();
    assert_eq!(progress, [0.0, 0.25, 0.75, 1.0], "{told:?}");
    assert!(
        told.iter()
            .filter(|one| one["method"] == "notifications/progress")
            .all(|one| one["params"]["progressToken"] == "p")
    );
    let logs: Vec<&Value> = told
        .iter()
        .filter(|one| one["method"] == "notifications/message")
        .collect();
    assert_eq!(logs.len(), 1);
    assert_eq!(
        logs[0]["params"],
        json!({ "level": "info", "logger": "a", "data": "so far" })
    );
    assert_eq!(told.last().unwrap()["result"]["structuredContent"]["done"], true);
    // Nobody is told what they did not ask for.
    let plain = new_message("tools/call", json!({ "name": "slow", "arguments": {} }));
    let reply = client.ask_new("tools/call", plain["params"].clone()).await;
    assert_eq!(reply["result"]["isError"], false);
}

#[tokio::test]
async fn a_client_that_goes_away_or_says_so_cancels_its_run() {
    let (server, _folder) = server(root()).await;
    server.graph("gate", "t:gate").await;
    // Without sessions, whoever hangs up does not want it any more.
    let client = McpClient::new(&server, "root");
    let call = new_message("tools/call", json!({ "name": "gate", "arguments": {} }));
    let mut call_with_token = call.clone();
    call_with_token["params"]["_meta"]["progressToken"] = 1.into();
    let stream = client.open(NEW, "POST /mcp", &call_with_token).await;
    server.gate.came(1).await;
    drop(stream);
    until(|| server.gate.gone.load(Ordering::SeqCst) == 1).await;
    // With one, it says which request.
    let client = McpClient::initialized(&server, "root").await;
    let call = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": { "name": "gate" } });
    let mut stream = client.open(OLD, "POST /mcp", &call).await;
    server.gate.came(2).await;
    let cancel =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } });
    assert_eq!(client.post(&cancel).await.status, 202);
    until(|| server.gate.gone.load(Ordering::SeqCst) == 2).await;
    assert!(
        stream
            .rest()
            .await
            .iter()
            .all(|message| message.get("result").is_none())
    );
    let runs = server.call("run/list", json!({})).await;
    assert!(
        runs["runs"]
            .as_array()
            .unwrap()
            .iter()
            .all(|run| run["status"] == "cancelled"),
        "{runs}"
    );
}

#[tokio::test]
async fn over_streams_one_caller_is_served() {
    use hap_server::auth::{Principal, Scopes, TenantId};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    let (server, _folder) = server(root()).await;
    let principal = Principal {
        tenant: TenantId::parse("acme").unwrap(),
        user: "local".to_owned(),
        scopes: Scopes::all(),
        session: None,
        token_id: None,
        expires: None,
    };
    let (client, served) = tokio::io::duplex(1 << 16);
    let (input, output) = tokio::io::split(served);
    let hap = server.server.clone();
    let serving = tokio::spawn(async move { hap.serve_mcp_streams(input, output, principal).await });
    let (reader, mut writer) = tokio::io::split(client);
    let mut lines = BufReader::new(reader).lines();
    for message in [
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": OLD, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } } }),
        json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "g", "arguments": { "a": 1 } } }),
    ] {
        writer.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }
    let mut next =
        async || -> Value { serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap() };
    let hello = next().await;
    assert_eq!(
        (
            &hello["result"]["protocolVersion"],
            &hello["result"]["serverInfo"]["name"]
        ),
        (&json!(OLD), &json!("hap"))
    );
    assert_eq!(
        next().await["result"]["structuredContent"],
        json!({ "echo": { "a": 1 } })
    );
    drop((writer, lines));
    serving.await.unwrap().unwrap();
}
