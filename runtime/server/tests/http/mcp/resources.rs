//! Resources, prompts and completions.

use serde_json::json;

use super::client::McpClient;
use super::{names, root, server};

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
    for uri in uris.iter().filter(|uri| !uri.ends_with("/large")) {
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
    let answer = client
        .ask("resources/read", json!({ "uri": "hap://documents/large" }))
        .await;
    assert_eq!(answer["error"]["data"]["kind"], "too-large", "{answer}");
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
        let params = json!({
            "ref": { "type": "ref/resource", "uri": uri },
            "argument": { "name": "name", "value": start },
        });
        client.ask_new("completion/complete", params).await["result"]["completion"]["values"].clone()
    };
    assert_eq!(
        complete("agent://{name}/info", "test:e").await,
        json!(["test:echo"])
    );
    assert_eq!(complete("graph://{name}", "").await, json!(["fails", "g"]));
    assert_eq!(complete("hap://documents/{+path}", "").await, json!([]));
}
