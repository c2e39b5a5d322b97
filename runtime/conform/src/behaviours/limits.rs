//! Agents that do not end by themselves, or want more than they may have.

use hap::Limit;
use serde_json::json;

use super::{Named, Outcome};
use crate::kit::{Kit, With};

/// Enough for every language's start, and used up within a second.
const FUEL: u64 = 300_000_000;

pub(super) fn checks(kit: &Kit) -> Vec<Named<'_>> {
    vec![
        (
            "spin-fuel",
            "an endless loop ends at the fuel limit",
            Box::pin(spin(kit, Limit::Fuel, FUEL)),
        ),
        (
            "spin-time",
            "an endless loop ends at the time limit",
            Box::pin(spin(kit, Limit::WallTime, 300)),
        ),
        (
            "allocate",
            "endless allocation ends at the memory limit",
            Box::pin(allocate(kit)),
        ),
        ("recurse", "endless recursion ends", Box::pin(recurse(kit))),
        (
            "log-limit",
            "endless logging ends at its limit",
            Box::pin(log(kit)),
        ),
        (
            "cancel-loop",
            "an endless loop can be cancelled",
            Box::pin(cancel(kit)),
        ),
        (
            "cancel-asked",
            "an agent sees that it is asked to stop",
            Box::pin(stop_early(kit)),
        ),
        (
            "after-limits",
            "works as before after all of this",
            Box::pin(afterwards(kit)),
        ),
    ]
}

async fn spin(kit: &Kit, limit: Limit, value: u64) -> Outcome {
    let with = With {
        limits: vec![(limit, value)],
        ..With::default()
    };
    let answer = kit.ask("spin", json!({}), with).await?;
    Ok(answer.ended_as(&[&format!("limit: {}", limit.name())])?)
}

async fn allocate(kit: &Kit) -> Outcome {
    let answer = kit.ask("allocate", json!({}), With::default()).await?;
    Ok(answer.ended_as(&["limit: memory", "failed"])?)
}

async fn recurse(kit: &Kit) -> Outcome {
    let answer = kit.ask("recurse", json!({}), With::default()).await?;
    Ok(answer.ended_as(&["trap", "failed", "limit: memory"])?)
}

async fn log(kit: &Kit) -> Outcome {
    let with = With {
        limits: vec![(Limit::LogRecords, 10)],
        ..With::default()
    };
    let records: Vec<_> = (0..50)
        .map(|number| json!({ "level": "info", "message": number.to_string() }))
        .collect();
    let answer = kit.ask("log", json!({ "records": records }), with).await?;
    answer.ended_as(&["limit: log-records"])?;
    match answer.records.len() {
        0..=10 => Ok(format!("{} records", answer.records.len())),
        came => Err(format!("{came} records came, and 10 were allowed").into()),
    }
}

async fn cancel(kit: &Kit) -> Outcome {
    let with = With {
        cancelled: true,
        ..With::default()
    };
    let answer = kit.ask("spin", json!({}), with).await?;
    Ok(answer.ended_as(&["cancelled"])?)
}

/// An agent that sees it has time to say so; one that is slow to see it is ended.
async fn stop_early(kit: &Kit) -> Outcome {
    let with = With {
        cancelled: true,
        ..With::default()
    };
    let answer = kit.ask("until-cancelled", json!({}), with).await?;
    let ended = answer.ended_as(&["failed", "cancelled"])?;
    let message = &answer.failure()?.message;
    if ended == "failed" && message != "stopped early, as asked" {
        return Err(format!("it ended as failed: {message}").into());
    }
    Ok(ended)
}

async fn afterwards(kit: &Kit) -> Outcome {
    let answer = kit.answer("echo", json!({ "value": "still here" })).await?;
    match answer.as_str() {
        Some("still here") => Ok(String::new()),
        _ => Err(format!("it answered {answer}").into()),
    }
}
