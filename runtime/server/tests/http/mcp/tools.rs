//! Tools: which there are for whom, and what comes of calling them.

use serde_json::{Value, json};

use super::client::McpClient;
use super::{names, root, server};

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
    server.graph("large", "t:large").await;
    let large = client.ask("tools/call", json!({ "name": "large" })).await;
    assert_eq!(large["result"]["isError"], true);
    let text = large["result"]["content"][0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("The output has ") && text.contains("run/get"),
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
