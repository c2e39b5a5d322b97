//! Resources, listed and read.

use serde_json::json;

use crate::support::{Setup, Table};

#[tokio::test]
async fn resources_are_listed_and_read_by_who_may() {
    let auth = Table::default()
        .with("root", "acme", "admin")
        .with("part", "acme", "resource:read:open/* resource:read:graph://*")
        .with("other", "other", "admin");
    let runtime = |builder: hap::RuntimeBuilder| {
        let documents = hap::MemoryResources::default()
            .with("open/a.txt", "all that is gold")
            .with("open/b.bin", [0xff, 0xfe])
            .with("secret/a.txt", "hidden");
        builder.resources(std::sync::Arc::new(documents))
    };
    let server = Setup {
        auth,
        runtime,
        ..Setup::default()
    }
    .start()
    .await;
    server.graph("g", "t:echo").await;
    let run = server.call("graph/execute", json!({ "name": "g" })).await["run_id"].clone();
    let run = format!("run://{}", run.as_str().unwrap());
    let read = async |token: &str, name: &str| {
        let answer = server
            .answer(token, "resource/read", json!({ "name": name }))
            .await;
        let told = answer["error"]["data"]["kind"]
            .as_str()
            .or(answer["result"]["text"].as_str());
        told.unwrap_or("bytes").to_owned()
    };
    assert_eq!(read("part", "open/a.txt").await, "all that is gold");
    assert_eq!(read("part", "open/b.bin").await, "bytes");
    for (token, name, told) in [
        ("part", "secret/a.txt", "forbidden"),
        ("part", "open/../secret/a.txt", "forbidden"),
        ("part", "graph://g", "forbidden"),
        ("part", "hap://server/info", "forbidden"),
        ("root", "open/../secret/a.txt", "not-found"),
        ("root", "open/none", "not-found"),
        ("root", "", "not-found"),
        ("root", "file:///etc/passwd", "not-found"),
        ("root", "agent://none/info", "not-found"),
        ("other", "graph://g", "not-found"),
        ("other", &run, "not-found"),
    ] {
        assert_eq!(read(token, name).await, told, "{token} {name}");
    }
    assert!(read("root", "graph://g").await.contains("\"only\""));
    assert!(read("root", &run).await.contains("\"success\""));
    assert!(read("root", "hap://server/info").await.contains("acme"));
    let piece = server
        .call(
            "resource/read",
            json!({ "name": "open/a.txt", "offset": 4, "max_bytes": 4 }),
        )
        .await;
    assert_eq!(
        (&piece["text"], &piece["next_offset"]),
        (&json!("that"), &json!(8))
    );
    let names = async |token: &str| {
        let answer = server.answer(token, "resource/list", json!({})).await;
        let list = answer["result"]["resources"].as_array().unwrap().clone();
        list.into_iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("part").await, ["open/a.txt", "open/b.bin"]);
    let all = names("root").await;
    assert!(
        all.contains(&"graph://g".to_owned())
            && all.contains(&run)
            && all.contains(&"secret/a.txt".to_owned())
    );
}
