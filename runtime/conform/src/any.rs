//! What must hold for every agent, whatever it does.

use hap::{BoxFuture, ComponentInfo, Limit};
use serde_json::{Value, json};

use crate::Options;
use crate::kit::{Answer, Kit, With};
use crate::report::{Check, Verdict};
use crate::sample;

/// The ways in which an agent may end that was given something odd: an answer, an error of its own, or a limit. A trap is
/// none of them: what a caller sends is never a fault of the agent's.
const CIVIL: [&str; 4] = ["done", "invalid-input", "unavailable", "failed"];

/// Text with letters of several scripts, a character beyond the first plane, a combining one, and what JSON escapes.
const UNICODE: &str = "a \u{e9} \u{4e2d}\u{6587} \u{1f600} e\u{301} \u{202e} \" \\ \u{7f} \u{0} end";

/// The lengths of text that agents are given, in bytes. The longest leaves room for the rest of a context of 16 MiB.
const SIZES: [usize; 6] = [0, 1, 4 << 10, 256 << 10, 4 << 20, (16 << 20) - 4096];

type Outcome = Result<String, String>;

/// Runs these checks.
pub(crate) async fn run(
    kit: &Kit,
    info: &ComponentInfo,
    options: &Options,
    wanted: &dyn Fn(&str) -> bool,
    add: &mut dyn FnMut(Check),
) {
    let subject = &Subject { kit, info, options };
    let checks: [(&str, &str, BoxFuture<'_, Outcome>); 11] = [
        (
            "describe",
            "describes itself the same every time",
            Box::pin(subject.describe()),
        ),
        (
            "schemas",
            "its schemas can be checked",
            Box::pin(subject.schemas()),
        ),
        (
            "imports",
            "needs no authority that a graph cannot grant",
            Box::pin(subject.imports()),
        ),
        (
            "answers",
            "answers a context that its schema allows",
            Box::pin(subject.answers()),
        ),
        (
            "deterministic",
            "same request, same bytes and same fuel",
            Box::pin(subject.deterministic()),
        ),
        ("unicode", "takes text of any script", Box::pin(subject.unicode())),
        (
            "sizes",
            "takes text of any length up to the limit",
            Box::pin(subject.sizes()),
        ),
        (
            "other-input",
            "refuses what does not fit, and does not break",
            Box::pin(subject.other_input()),
        ),
        (
            "fuel-limit",
            "ends at the fuel limit",
            Box::pin(subject.limit(Limit::Fuel)),
        ),
        (
            "memory-limit",
            "ends at the memory limit",
            Box::pin(subject.limit(Limit::Memory)),
        ),
        (
            "afterwards",
            "works as before after all of this",
            Box::pin(subject.answers()),
        ),
    ];
    for (name, claim, check) in checks {
        if wanted(name) {
            let verdict = Verdict::of(check.await);
            add(Check { name, claim, verdict });
        }
    }
}

struct Subject<'a> {
    kit: &'a Kit,
    info: &'a ComponentInfo,
    options: &'a Options,
}

impl Subject<'_> {
    async fn describe(&self) -> Outcome {
        let again = self.kit.inspect().await?;
        let text =
            |info: &ComponentInfo| serde_json::to_string(&info.manifest).map_err(|error| error.to_string());
        let (first, second) = (text(self.info)?, text(&again)?);
        if first != second {
            return Err(format!("it said {first}, and then {second}"));
        }
        Ok(String::new())
    }

    async fn schemas(&self) -> Outcome {
        let warnings = self.kit.schema_warnings().await?;
        if !warnings.is_empty() {
            return Err(warnings.join("; "));
        }
        let manifest = &self.info.manifest;
        Ok(match (&manifest.context_schema, &manifest.output_schema) {
            (Some(_), Some(_)) => "both".to_owned(),
            (Some(_), None) => "context only".to_owned(),
            (None, Some(_)) => "output only".to_owned(),
            (None, None) => "it has none".to_owned(),
        })
    }

    async fn imports(&self) -> Outcome {
        let foreign: Vec<&str> = self
            .info
            .imports
            .iter()
            .map(String::as_str)
            .filter(|import| !import.starts_with("hap:agent/") && !import.starts_with("wasi:"))
            .collect();
        if !foreign.is_empty() {
            return Err(format!("it imports {}", foreign.join(", ")));
        }
        let wasi = self
            .info
            .imports
            .iter()
            .filter(|import| import.starts_with("wasi:"))
            .count();
        Ok(match wasi {
            0 => "no WASI".to_owned(),
            _ => format!("{wasi} interfaces of WASI, all virtual"),
        })
    }

    async fn answers(&self) -> Outcome {
        let answer = self.call(self.context(sample::TEXT), With::default()).await?;
        answer.ended_as(&CIVIL)
    }

    async fn deterministic(&self) -> Outcome {
        let first = self.call(self.context(sample::TEXT), With::default()).await?;
        for _ in 0..3 {
            let again = self.call(self.context(sample::TEXT), With::default()).await?;
            let fuel = (first.usage.fuel, again.usage.fuel);
            if first.text != again.text || first.ended() != again.ended() || first.records != again.records {
                return Err(format!(
                    "first {} {}, then {} {}",
                    first.ended(),
                    first.text,
                    again.ended(),
                    again.text
                ));
            }
            if fuel.0 != fuel.1 {
                return Err(format!("the same bytes, but fuel {} and then {}", fuel.0, fuel.1));
            }
        }
        Ok(format!("fuel {}", first.usage.fuel))
    }

    async fn unicode(&self) -> Outcome {
        let answer = self.call(self.context(UNICODE), With::default()).await?;
        answer.ended_as(&CIVIL)
    }

    async fn sizes(&self) -> Outcome {
        let mut ended = Vec::new();
        for size in SIZES {
            let answer = self
                .call(self.context(&"x".repeat(size)), With::default())
                .await?;
            let way = answer.ended();
            if !way.starts_with("limit: ") {
                answer
                    .ended_as(&CIVIL)
                    .map_err(|error| format!("{size} bytes: {error}"))?;
            }
            ended.push(way);
        }
        ended.dedup();
        Ok(ended.join(", then "))
    }

    async fn other_input(&self) -> Outcome {
        for context in [
            json!({}),
            json!({ "": null, "\u{1f600}": [[[1e300]]], "text": 5 }),
            json!({ "do": 1 }),
        ] {
            let answer = self.call(context.clone(), With::default()).await?;
            answer
                .ended_as(&CIVIL)
                .map_err(|error| format!("{context}: {error}"))?;
        }
        Ok(String::new())
    }

    async fn limit(&self, limit: Limit) -> Outcome {
        let with = With {
            limits: vec![(limit, 1)],
            ..With::default()
        };
        let answer = self.call(self.context(sample::TEXT), with).await?;
        answer.ended_as(&[&format!("limit: {}", limit.name())])
    }

    async fn call(&self, context: Value, with: With) -> Result<Answer, String> {
        self.kit.call(&context, with).await
    }

    fn context(&self, text: &str) -> Value {
        sample::context(self.info, self.options, text)
    }
}
