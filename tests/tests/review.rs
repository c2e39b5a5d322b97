//! The example graph on its document, through the runtime: the output that was checked by hand.

use std::fs;
use std::num::NonZeroUsize;

use hap::{RunStatus, json, read_graph};
use hap_tests::{builder, built_agents, root};
use serde_json::Value;

#[test]
fn the_review_finds_what_was_found_by_hand() {
    let examples = root().join("guest-examples");
    let text = fs::read_to_string(examples.join("documents/GPL-3.txt")).unwrap();
    for threads in [1, 8] {
        let builder = builder()
            .agents_dir(built_agents().unwrap())
            .max_parallel(NonZeroUsize::new(threads).unwrap());
        let runtime = builder.build().unwrap();
        let graph = read_graph(examples.join("review.yaml")).unwrap();
        let outcome = runtime.run_blocking(&graph, json!({ "text": text })).unwrap();
        assert_eq!(
            outcome.status,
            RunStatus::Success,
            "{:?}",
            outcome.failures().next()
        );
        let path: Vec<&str> = outcome.execution_path.iter().map(|id| id.as_str()).collect();
        assert_eq!(
            path,
            ["split", "terms", "duties", "dates", "readability", "brief"]
        );
        for key in ["sections", "terms", "duties", "dates", "readability"] {
            let expected = fs::read_to_string(examples.join(format!("expected/{key}.json"))).unwrap();
            let expected: Value = serde_json::from_str(&expected).unwrap();
            assert_eq!(
                outcome.get(key).unwrap().to::<Value>().unwrap(),
                expected[key],
                "{key}"
            );
        }
        let brief: String = outcome.get("brief").unwrap().to().unwrap();
        assert_eq!(
            brief.trim_end(),
            fs::read_to_string(examples.join("expected/brief.md"))
                .unwrap()
                .trim_end()
        );
    }
}
