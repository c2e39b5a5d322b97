//! What an author sees: the attribute, its options, and what becomes of a request.

use hap_guest::testing::{self, Host};
use hap_guest::{Agent, Context, Error, ErrorKind, Result, log, progress, resources, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::io::Read;
use std::time::Duration;

#[derive(Deserialize, JsonSchema)]
struct Input {
    /// The parts to join.
    parts: Vec<Part>,
}

#[derive(Deserialize, JsonSchema)]
struct Part {
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    #[serde(default)]
    separator: String,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    joined: String,
}

/// Joins the parts
/// of a text.
///
/// This paragraph is for readers of the code.
#[hap_guest::agent(read_only, idempotent, name = "join")]
fn join_parts(input: Input, cx: &Context) -> Result<Output> {
    let params: Params = cx.params()?;
    let texts: Vec<String> = input.parts.into_iter().map(|part| part.text).collect();
    Ok(Output {
        joined: texts.join(&params.separator),
    })
}

#[hap_guest::agent]
fn count(input: Input) -> Result<usize, std::num::TryFromIntError> {
    u8::try_from(input.parts.len()).map(usize::from)
}

mod by_hand {
    use super::{Context, Input, Output, Result};
    use hap_guest::{Agent, Manifest};

    pub(crate) struct First;

    impl Agent for First {
        type Input = Input;
        type Output = Option<Output>;
        const MANIFEST: Manifest = hap_guest::manifest!().name("first").read_only();

        fn run(input: Input, _cx: &Context) -> Result<Self::Output> {
            Ok(input
                .parts
                .into_iter()
                .next()
                .map(|part| Output { joined: part.text }))
        }
    }

    hap_guest::export!(First);
}

#[test]
fn an_agent_answers_with_its_output() {
    let context = json!({ "parts": [{ "text": "a" }, { "text": "b" }], "key of another node": 1 });
    let output = testing::invoke::<JoinPartsAgent>(context.clone(), json!({ "separator": "-" }));
    assert_eq!(output, Ok(json!({ "joined": "a-b" })));
    assert_eq!(
        testing::invoke::<CountAgent>(context.clone(), json!({})),
        Ok(json!(2))
    );
    assert_eq!(
        testing::invoke::<by_hand::First>(context, json!({})),
        Ok(json!({ "joined": "a" }))
    );
}

#[test]
fn the_manifest_comes_from_the_doc_comment_the_options_and_the_package() {
    let joined = JoinPartsAgent::MANIFEST;
    assert_eq!((joined.name, joined.version), ("join", env!("CARGO_PKG_VERSION")));
    assert_eq!(joined.description, "Joins the parts of a text.");
    assert!(joined.read_only && joined.idempotent);

    let plain = CountAgent::MANIFEST;
    assert_eq!(
        (plain.name, plain.description),
        ("hap-guest", env!("CARGO_PKG_DESCRIPTION"))
    );
    assert!(!plain.read_only && !plain.idempotent);
}

#[test]
fn schemas_come_from_the_types() {
    let context = schema::of_context::<JoinPartsAgent>();
    assert_eq!(context["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(context["required"], json!(["parts"]));
    assert_eq!(
        context["properties"]["parts"]["description"],
        "The parts to join."
    );
    assert_eq!(
        schema::of_output::<JoinPartsAgent>()["properties"]["joined"]["type"],
        "string"
    );
}

#[test]
fn what_does_not_fit_is_invalid_input_with_its_place() {
    let error =
        testing::invoke::<JoinPartsAgent>(json!({ "parts": [{ "text": "a" }, { "text": 7 }] }), json!({}));
    let error = error.expect_err("7 is no text");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let expected = "`context` does not fit at `parts[1].text`: invalid type: integer `7`, expected a string";
    assert!(error.message().starts_with(expected), "{error}");
    assert_eq!(
        error.details(),
        Some(&json!({ "part": "context", "path": "parts[1].text" }))
    );

    let error = testing::invoke::<JoinPartsAgent>(json!({}), json!({})).expect_err("`parts` is missing");
    assert!(
        error
            .message()
            .starts_with("`context` does not fit: missing field `parts`"),
        "{error}"
    );

    let error = testing::invoke::<JoinPartsAgent>(json!({ "parts": [] }), json!({ "seperator": "-" }));
    let error = error.expect_err("the setting is misspelt");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.message().starts_with("`params` does not fit"), "{error}");
    assert!(
        error
            .message()
            .contains("unknown field `seperator`, expected `separator`"),
        "{error}"
    );
}

#[test]
fn the_fake_host_answers_and_records() {
    let host = Host::new()
        .run_id("r1")
        .node("n1")
        .operation_id("r1/n1")
        .attempt(3)
        .remaining(Duration::from_secs(5))
        .cancelled()
        .resource("b.txt", "second")
        .resource("a.txt", "first");
    let call = host.run(json!({}), |cx| {
        log::write(log::Level::Debug, "reading", &json!({ "node": cx.node() }));
        progress::status("half way");
        progress::fraction(0.5);
        progress::partial(&["a"])?;
        let mut start = [0; 3];
        resources::open("b.txt")?.read_exact(&mut start)?;
        assert_eq!(&start, b"sec");
        assert_eq!(
            (cx.run_id(), cx.operation_id(), cx.attempt()),
            ("r1".into(), "r1/n1".into(), 3)
        );
        assert_eq!(
            (cx.remaining(), cx.is_cancelled()),
            (Some(Duration::from_secs(5)), true)
        );
        let names: Vec<String> = resources::list().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["a.txt", "b.txt"]);
        assert_eq!(resources::read_to_string("a.txt")?, "first");
        Ok::<_, Error>(resources::read_to_string("c.txt")?)
    });
    let error = call.result.expect_err("`c.txt` is not granted");
    assert_eq!(
        error.message(),
        "resource `c.txt` does not exist or is not granted"
    );
    let record = &call.records[0];
    assert_eq!(
        (record.level, record.message.as_str()),
        (log::Level::Debug, "reading")
    );
    assert_eq!(record.fields, Some(json!({ "node": "n1" })));
    let updates = format!("{:?}", call.updates);
    assert_eq!(
        updates,
        r#"[Update::Status("half way"), Update::Fraction(0.5), Update::Partial("[\"a\"]")]"#
    );
}
