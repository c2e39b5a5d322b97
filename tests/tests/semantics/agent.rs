//! What the test agent `scripted` of `tests/guests` answers, as far as the random graphs use it.

use serde_json::{Value, json};

use crate::reference::Object;

/// The kind of a failure, as it stands in results.
pub(crate) type Kind = &'static str;

/// The answer to one attempt.
pub(crate) fn answer(params: &Value, context: &Object, attempt: u64) -> Result<Value, Kind> {
    let mut output = Object::new();
    match perform(&params["steps"], context, attempt, &mut output)? {
        Some(answer) => Ok(answer),
        None => Ok(Value::Object(output)),
    }
}

fn perform(
    steps: &Value,
    context: &Object,
    attempt: u64,
    output: &mut Object,
) -> Result<Option<Value>, Kind> {
    for step in steps.as_array().into_iter().flatten() {
        let (name, told) = step.as_object().unwrap().iter().next().unwrap();
        match name.as_str() {
            "emit" => output.extend(told.as_object().unwrap().clone()),
            "fail-first" if attempt <= told["attempts"].as_u64().unwrap() => {
                return Err(match told["case"].as_str().unwrap() {
                    "invalid-input" => "invalid-input",
                    "unavailable" => "unavailable",
                    _ => "failed",
                });
            }
            "fail-first" => {}
            // Longer than any time that is allowed here.
            "sleep-ms" => return Err("timeout"),
            "panic" => return Err("trap"),
            "choose" => {
                let value = context.get(told["key"].as_str().unwrap());
                if value.is_some_and(|value| told["among"].as_array().unwrap().contains(value))
                    && let Some(answer) = perform(&told["steps"], context, attempt, output)?
                {
                    return Ok(Some(answer));
                }
            }
            "count" => {
                let key = told.as_str().unwrap();
                let before = context.get(key).and_then(Value::as_i64).unwrap_or(0);
                output.insert(key.to_owned(), json!(before + 1));
            }
            "look" => {
                let short = |(key, value): (&String, &Value)| {
                    let length = value.to_string().len();
                    (
                        key.clone(),
                        if length > 40 { json!(length) } else { value.clone() },
                    )
                };
                output.insert(
                    told.as_str().unwrap().to_owned(),
                    context.iter().map(short).collect(),
                );
            }
            "answer" => return Ok(Some(told.clone())),
            other => panic!("no step {other}"),
        }
    }
    Ok(None)
}
