//! What an agent sees of the world: log, progress, the run, documents, virtual time and randomness, and nothing else.

use hap::{Level, LogSource, Progress};
use serde_json::{Value, json};

use super::{Named, Outcome};
use crate::kit::{Answer, DOCUMENTS, Kit, NODE, START_UNIX_MS, With, same, shown};

pub(super) fn checks(kit: &Kit) -> Vec<Named<'_>> {
    vec![
        (
            "log",
            "log records arrive in order with level and fields",
            Box::pin(log(kit)),
        ),
        (
            "print",
            "what is printed becomes log records",
            Box::pin(print(kit)),
        ),
        ("progress", "progress arrives in order", Box::pin(progress(kit))),
        ("run", "the agent knows which call it serves", Box::pin(run(kit))),
        (
            "resources",
            "granted documents are listed and read, others are not there",
            Box::pin(resources(kit)),
        ),
        (
            "clock",
            "clocks start at the run's start and are the same again",
            Box::pin(clock(kit)),
        ),
        (
            "random",
            "randomness comes from the run's seed",
            Box::pin(random(kit)),
        ),
        (
            "sleep",
            "waiting advances the agent's clock",
            Box::pin(sleep(kit)),
        ),
        (
            "ambient",
            "no environment, arguments, files or network",
            Box::pin(ambient(kit)),
        ),
        (
            "fresh",
            "nothing of an earlier call is left",
            Box::pin(fresh(kit)),
        ),
    ]
}

async fn log(kit: &Kit) -> Outcome {
    let levels = [
        ("trace", Level::Trace),
        ("debug", Level::Debug),
        ("info", Level::Info),
        ("warn", Level::Warn),
        ("error", Level::Error),
    ];
    let fields = json!({ "n": 1, "text": "\u{1f600}" });
    let records: Vec<Value> = levels
        .iter()
        .enumerate()
        .map(|(index, (level, _))| match index % 2 {
            0 => json!({ "level": level, "message": format!("record {index} \u{e9}") }),
            _ => json!({ "level": level, "message": format!("record {index} \u{e9}"), "fields": fields }),
        })
        .collect();
    let answer = kit
        .ask("log", json!({ "records": records }), With::default())
        .await?;
    same("the number of records", &json!(records.len()), answer.answer()?)?;
    let came: Vec<_> = answer
        .records
        .iter()
        .filter(|record| record.source == LogSource::Log)
        .collect();
    if came.len() != records.len() {
        return Err(format!("{} records came, not {}", came.len(), records.len()).into());
    }
    for (index, (record, (name, level))) in came.iter().zip(levels).enumerate() {
        if record.level != level || record.message != format!("record {index} \u{e9}") {
            return Err(format!("{name}: came {} `{}`", record.level, record.message).into());
        }
        let given = if index % 2 == 0 {
            Value::Null
        } else {
            fields.clone()
        };
        let fields = record
            .fields
            .as_ref()
            .and_then(|fields| fields.to::<Value>().ok());
        same("fields", &given, &fields.unwrap_or(Value::Null))?;
    }
    Ok(String::new())
}

async fn print(kit: &Kit) -> Outcome {
    let lines = ["one", "", "two \u{e9} \u{1f600}", "three"];
    for (behaviour, source, level) in [
        ("print", LogSource::Stdout, Level::Info),
        ("print-error", LogSource::Stderr, Level::Warn),
    ] {
        let answer = kit
            .ask(behaviour, json!({ "lines": lines }), With::default())
            .await?;
        same("the number of lines", &json!(lines.len()), answer.answer()?)?;
        let came: Vec<&str> = answer
            .records
            .iter()
            .filter(|record| {
                record.level == level && (record.source == source || record.source == LogSource::Log)
            })
            .map(|record| record.message.as_str())
            .filter(|message| !message.is_empty())
            .collect();
        let expected: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        if came != expected {
            return Err(format!("{behaviour}: expected {expected:?}, came {came:?}").into());
        }
    }
    Ok(String::new())
}

async fn progress(kit: &Kit) -> Outcome {
    let partial = json!({ "so": ["far"] });
    let updates = json!([{ "status": "begun \u{e9}" }, { "fraction": 0.25 }, { "partial": partial }, { "fraction": 1 }]);
    let answer = kit
        .ask("progress", json!({ "updates": updates }), With::default())
        .await?;
    same("the number of updates", &json!(4), answer.answer()?)?;
    let good = match answer.progress.as_slice() {
        [
            Progress::Status(status),
            Progress::Fraction(some),
            Progress::Partial(piece),
            Progress::Fraction(all),
        ] => {
            status == "begun \u{e9}"
                && *some == 0.25
                && *all == 1.0
                && piece.to::<Value>().is_ok_and(|piece| piece == partial)
        }
        _ => false,
    };
    if !good {
        return Err(format!("these updates came: {:?}", answer.progress).into());
    }
    Ok(String::new())
}

async fn run(kit: &Kit) -> Outcome {
    let answer = kit.answer("run", json!({})).await?;
    same("node", &json!(NODE), &answer["node"])?;
    same("attempt", &json!(1), &answer["attempt"])?;
    same("is_cancelled", &json!(false), &answer["is_cancelled"])?;
    let texts = ["id", "operation_id"].map(|key| answer[key].as_str().unwrap_or_default());
    if texts.iter().any(|text| text.is_empty()) || !answer["remaining_ms"].is_u64() {
        return Err(format!("it knows only {}", shown(&answer)).into());
    }
    Ok(String::new())
}

async fn resources(kit: &Kit) -> Outcome {
    let listed = kit.answer("resources", json!({})).await?;
    let names: Vec<&str> = listed
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["name"].as_str())
        .collect();
    let [(first, _), (second, _), (secret, _)] = DOCUMENTS;
    if names != [first, second] {
        return Err(format!("listed {names:?}").into());
    }
    for (name, text) in DOCUMENTS.iter().take(2) {
        let read = kit.answer("resource", json!({ "name": name })).await?;
        same(name, &json!(text), &read)?;
    }
    for name in [secret, "kit/absent.txt"] {
        let answer = kit
            .ask("resource", json!({ "name": name }), With::default())
            .await?;
        answer
            .ended_as(&["failed"])
            .map_err(|error| format!("{name}: {error}"))?;
        let message = &answer.failure()?.message;
        if !message.contains(name) {
            return Err(format!("the message does not name `{name}`: {message}").into());
        }
    }
    Ok(String::new())
}

async fn clock(kit: &Kit) -> Outcome {
    let first = kit.answer("clock", json!({})).await?;
    let again = kit.answer("clock", json!({})).await?;
    same("the second reading", &first, &again)?;
    let now = first["unix_ms"].as_u64().unwrap_or_default();
    if !(START_UNIX_MS..START_UNIX_MS + 1000).contains(&now) {
        return Err(format!(
            "the run started at {START_UNIX_MS}, and the agent's clock shows {}",
            first["unix_ms"]
        )
        .into());
    }
    if !first["elapsed_ns"].is_u64() {
        return Err(format!("the monotonic clock went by {}", first["elapsed_ns"]).into());
    }
    Ok(String::new())
}

async fn random(kit: &Kit) -> Outcome {
    let ask = async |seed| {
        let with = With {
            seed: Some(seed),
            ..With::default()
        };
        let answer: Answer = kit.ask("random", json!({}), with).await?;
        Ok::<Value, crate::kit::Unanswered>(answer.answer()?.clone())
    };
    let (first, again, other) = (ask(1).await?, ask(1).await?, ask(2).await?);
    same("the same seed", &first, &again)?;
    if first == other {
        return Err(format!("two seeds, one answer: {}", shown(&first)).into());
    }
    let texts: Vec<&str> = first
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let differ = texts
        .iter()
        .enumerate()
        .all(|(index, text)| !texts.iter().take(index).any(|earlier| earlier == text));
    if texts.len() != 4 || !differ {
        return Err(format!("not four different texts: {}", shown(&first)).into());
    }
    Ok(String::new())
}

async fn sleep(kit: &Kit) -> Outcome {
    let answer = kit.answer("sleep", json!({ "ms": 30 })).await?;
    match answer["elapsed_ms"].as_u64() {
        Some(30..) => Ok(String::new()),
        _ => Err(format!(
            "it was to sleep 30 ms, and its clock went by {}",
            answer["elapsed_ms"]
        )
        .into()),
    }
}

async fn ambient(kit: &Kit) -> Outcome {
    let answer = kit.answer("ambient", json!({})).await?;
    let nothing = json!({ "variables": 0, "arguments": 0, "reads_files": false, "writes_files": false, "connects": false });
    same("what it finds", &nothing, &answer)?;
    Ok(String::new())
}

async fn fresh(kit: &Kit) -> Outcome {
    for _ in 0..3 {
        let answer = kit.answer("twice", json!({})).await?;
        same("how often it was called", &json!(1), &answer)?;
    }
    Ok(String::new())
}
