//! What goes in comes out: values, sizes, params.

use serde_json::{Map, Value, json};

use super::{Named, Outcome};
use crate::kit::{Kit, With, same};

pub(super) fn checks(kit: &Kit) -> Vec<Named<'_>> {
    vec![
        (
            "echo-numbers",
            "numbers come back exactly",
            Box::pin(echoes(kit, numbers())),
        ),
        (
            "echo-text",
            "texts come back by code point",
            Box::pin(echoes(kit, texts())),
        ),
        (
            "echo-shapes",
            "objects and lists come back as they were",
            Box::pin(echoes(kit, shapes())),
        ),
        (
            "echo-sizes",
            "texts of every length up to the limit come back",
            Box::pin(sizes(kit)),
        ),
        ("params", "the node's params arrive", Box::pin(params(kit))),
        (
            "output-size",
            "outputs of every length up to the limit arrive",
            Box::pin(output_sizes(kit)),
        ),
    ]
}

fn numbers() -> Vec<Value> {
    vec![
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(9_007_199_254_740_993_i64),
        json!(0.1),
        json!(-1.5e-300),
        json!(1.797_693_134_862_315_7e308),
        json!(5e-324),
        json!(1.0),
    ]
}

fn texts() -> Vec<Value> {
    let every_control: String = (0..0x20u8).map(char::from).collect();
    vec![
        json!(""),
        json!("\u{0}"),
        json!(every_control),
        json!("\" \\ / \u{7f} \u{80} \u{9f}"),
        json!("\u{e9} e\u{301} \u{df} \u{130}"),
        json!("\u{4e2d}\u{6587} \u{627}\u{644}\u{639} \u{202e}\u{200d}\u{feff}"),
        json!("\u{1f600}\u{1f1e9}\u{1f1ea} \u{10ffff} \u{ffff} \u{fffd} \u{2028}\u{2029}"),
    ]
}

fn shapes() -> Vec<Value> {
    let deep = (0..60).fold(json!("end"), |inner, level| {
        if level % 2 == 0 {
            json!([inner])
        } else {
            json!({ "x": inner })
        }
    });
    let keys = [
        "",
        "a",
        "A",
        "__proto__",
        "constructor",
        "toString",
        "a.b",
        "\u{1f600}",
        "\u{0}",
        "class",
        "do",
    ];
    let object: Map<String, Value> = keys
        .iter()
        .map(|key| ((*key).to_owned(), json!(key.len())))
        .collect();
    let list: Vec<Value> = (0..2000)
        .map(|number| json!({ "n": number, "even": number % 2 == 0 }))
        .collect();
    vec![
        json!(null),
        json!(true),
        json!([]),
        json!({}),
        Value::Object(object),
        deep,
        Value::Array(list),
    ]
}

async fn echoes(kit: &Kit, values: Vec<Value>) -> Outcome {
    for value in &values {
        let answer = kit.answer("echo", json!({ "value": value })).await?;
        same("echo", value, &answer)?;
    }
    Ok(format!("{} values", values.len()))
}

async fn sizes(kit: &Kit) -> Outcome {
    let mut longest = 0;
    for size in [1, 1000, 64 << 10, 1 << 20, 4 << 20, (16 << 20) - 4096] {
        // Not one letter only: what is copied wrongly should show.
        let text: String = (0..size)
            .map(|index| char::from(b'a' + (index % 23) as u8))
            .collect();
        let answer = kit.ask("echo", json!({ "value": text }), With::default()).await?;
        if size > 1 << 20 && answer.ended().starts_with("limit: ") {
            return Ok(format!("{longest} bytes, then {}", answer.ended()));
        }
        if answer.answer()?.as_str() != Some(&text) {
            return Err(format!("a text of {size} bytes came back as another one").into());
        }
        longest = size;
    }
    Ok(format!("{longest} bytes"))
}

async fn params(kit: &Kit) -> Outcome {
    for params in [
        json!({}),
        json!({ "top": 3, "deep": { "list": [1, "\u{1f600}", null] } }),
    ] {
        let with = With {
            params: Some(params.clone()),
            ..With::default()
        };
        let answer = kit.ask("params", json!({}), with).await?;
        same("params", &params, answer.answer()?)?;
    }
    Ok(String::new())
}

async fn output_sizes(kit: &Kit) -> Outcome {
    for bytes in [0, 1, 64 << 10, 1 << 20] {
        let answer = kit.answer("output", json!({ "bytes": bytes })).await?;
        let came = answer.as_str().map(str::len);
        if came != Some(bytes) {
            return Err(format!("asked for {bytes} bytes, and {came:?} came").into());
        }
    }
    let above = kit
        .ask("output", json!({ "bytes": 17 << 20 }), With::default())
        .await?;
    Ok(above.ended_as(&["limit: output", "limit: memory", "limit: host-call-bytes"])?)
}
