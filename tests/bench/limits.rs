//! What the limits cost an honest agent: bare wasmtime without any, with each, and the whole sandbox, in one run.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hap::{
    Agent, Budget, Call, CallObserver, Grants, Json, LogRecord, NoResources, NodeId, NodePath, Progress,
    Request, RunContext, RunId,
};
use serde_json::json;

use crate::floor::{Extras, Floor};
use crate::{median, micros, plain, round};

/// The time of one call of one agent under one set of limits.
pub(crate) struct Cost {
    agent: &'static str,
    limits: &'static str,
    time: Duration,
    /// Of the same agent with fuel alone.
    fuel_alone: Duration,
}

impl Cost {
    pub(crate) fn json(&self) -> serde_json::Value {
        json!({
            "agent": self.agent, "limits": self.limits, "microseconds": micros(self.time),
            "ratio_to_fuel_alone": round(self.ratio()),
        })
    }

    fn ratio(&self) -> f64 {
        self.time.as_secs_f64() / self.fuel_alone.as_secs_f64()
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (time, ratio) = (micros(self.time), self.ratio());
        let more = micros(self.time) - micros(self.fuel_alone);
        write!(
            f,
            "{:<16} {:<22} {time:>10.2} µs {ratio:>7.2} of fuel alone {more:>+9.2} µs",
            self.agent, self.limits
        )
    }
}

/// Measures an agent that does nothing and one that computes for milliseconds.
pub(crate) fn measure() -> Result<Vec<Cost>> {
    let nothing = hap_tests::wat_agent(
        r#"(func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32) (call $ok_true))"#,
    )?;
    let review = std::fs::read(hap_tests::built_agents()?.join("review/readability.wasm"))?;
    let text = std::fs::read_to_string(hap_tests::root().join("guest-examples/documents/GPL-3.txt"))?;
    let document = json!({ "text": text, "sections": [] }).to_string();
    let mut costs = compare("does nothing", &nothing, "{}", 3000)?;
    costs.extend(compare("computes", &review, &document, 30)?);
    Ok(costs)
}

fn compare(agent: &'static str, bytes: &[u8], context: &str, calls: u32) -> Result<Vec<Cost>> {
    let none = Extras::default();
    let bare: Vec<(&'static str, Floor)> = [
        ("none", none),
        ("fuel alone", Extras { fuel: true, ..none }),
        ("epoch alone", Extras { epoch: true, ..none }),
        (
            "limiter alone",
            Extras {
                limiter: true,
                ..none
            },
        ),
        (
            "fuel, epoch, limiter",
            Extras {
                fuel: true,
                epoch: true,
                limiter: true,
            },
        ),
    ]
    .into_iter()
    .map(|(name, extras)| Ok((name, plain(Floor::new(bytes, extras))?)))
    .collect::<Result<_>>()?;
    let threads = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (sandbox, _) = hap_sandbox::Sandbox::new(hap_sandbox::SandboxConfig::default())?;
    let component = threads.block_on(sandbox.load(bytes.to_vec()))?;
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); bare.len() + 1];
    // In turn, so that a machine that changes its speed changes it for all.
    for _ in 0..15 {
        for (slot, (_, floor)) in times.iter_mut().zip(&bare) {
            slot.push(plain(floor.time(context, calls))?);
        }
        if let Some(slot) = times.last_mut() {
            slot.push(threads.block_on(sandboxed(&component, context, calls))?);
        }
    }
    let names = bare.iter().map(|(name, _)| *name).chain(["the whole sandbox"]);
    let medians: Vec<(&'static str, Duration)> = names.zip(times.into_iter().map(median)).collect();
    let fuel_alone = medians
        .iter()
        .find(|(name, _)| *name == "fuel alone")
        .map(|(_, time)| *time)
        .unwrap_or_default();
    Ok(medians
        .into_iter()
        .map(|(limits, time)| Cost {
            agent,
            limits,
            time,
            fuel_alone,
        })
        .collect())
}

struct Deaf;

impl CallObserver for Deaf {
    fn log(&self, _: &NodePath, _: LogRecord) {}
    fn progress(&self, _: &NodePath, _: Progress) {}
}

/// The mean time of a call through the sandbox, all limits at their defaults.
async fn sandboxed(agent: &dyn Agent, context: &str, calls: u32) -> Result<Duration> {
    let run = RunContext {
        id: RunId::from_bits(1),
        started_at_unix_nanos: 0,
        seed: 0,
        cancellation: hap::Cancellation::default(),
        resources: Arc::new(NoResources),
        identity: Arc::default(),
    };
    let node = NodeId::new("a").ok_or_else(|| anyhow::anyhow!("`a` is a node name"))?;
    let call = Call {
        run: Arc::new(run),
        path: NodePath::from(&node),
        node,
        attempt: 1,
        budget: Arc::new(Budget::default()),
        grants: Arc::new(Grants::none()),
        deadline: Instant::now(),
        observer: Arc::new(Deaf),
    };
    let request = Request {
        context: Json::parse(context, 100)?,
        params: Json::empty_object(),
    };
    let start = Instant::now();
    for _ in 0..calls {
        let answer = agent.invoke(request.clone(), call.clone()).await;
        ensure!(answer.result.is_ok(), "{:?}", answer.result);
    }
    Ok(start.elapsed() / calls)
}
