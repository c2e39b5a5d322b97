//! Tells by rules what a support message is about, how sure that is and how urgent it looks.
//!
//! Each rule that holds gives points to one kind; the kind with most points wins. Rules on the form of a message
//! (traces, amounts, links) hold in any language, rules on words mostly in English. The signals are told, so that a
//! person can see why.

mod rules;

use hap_guest::{Context, Result};
use rules::Signal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A message.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// Its subject.
    #[serde(default)]
    pub subject: String,
    /// What its sender wrote.
    pub text: String,
    /// Whether a program wrote it.
    #[serde(default)]
    pub automatic: bool,
}

/// The node's settings.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Params {
    /// Below this confidence a message is of the kind `other`.
    least_confidence: f64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            least_confidence: 0.4,
        }
    }
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A program wrote it.
    Automatic,
    /// It sells or deceives.
    Spam,
    /// Something does not work.
    Bug,
    /// Invoices, payments, contracts.
    Billing,
    /// Somebody wants to know something.
    Question,
    /// Somebody is content.
    Praise,
    /// None of these, or not clearly one.
    Other,
}

/// What was told of the message.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// What it is about.
    pub kind: Kind,
    /// The part of all points that the kind has, from 0 to 1, to two decimals.
    pub confidence: f64,
    /// The rules that held, with their points.
    pub signals: Vec<Signal>,
    /// For filing: `urgent`, `data-loss`.
    pub tags: Vec<&'static str>,
    /// How urgent it looks, from 0.
    pub urgency: u32,
}

/// Tells by rules what a message is about, how sure that is and how urgent it looks.
#[hap_guest::agent(read_only, idempotent)]
pub fn classify(input: Input, cx: &Context) -> Result<Output> {
    let params: Params = cx.params()?;
    let words = rules::Words::of(&format!("{}\n{}", input.subject, input.text));
    let mut signals = rules::signals(&input.text, &words)?;
    if input.automatic {
        signals.push(Signal::new(Kind::Automatic, 20, "written by a program"));
    }
    let points = |kind| {
        signals
            .iter()
            .filter(|signal| signal.kind == kind)
            .map(|signal| signal.points)
            .sum::<u32>()
    };
    let kinds = [
        Kind::Automatic,
        Kind::Spam,
        Kind::Bug,
        Kind::Billing,
        Kind::Question,
        Kind::Praise,
    ];
    let all: u32 = kinds.into_iter().map(points).sum();
    // Of equals the first.
    let best = kinds
        .into_iter()
        .rev()
        .max_by_key(|kind| points(*kind))
        .unwrap_or(Kind::Other);
    let confidence = f64::from(points(best)) / f64::from(all.max(1));
    let confidence = (confidence * 100.0).round() / 100.0;
    let is_clear = points(best) >= 2 && confidence >= params.least_confidence;
    let kind = if is_clear { best } else { Kind::Other };

    let mut tags = Vec::new();
    let mut urgency = match kind {
        Kind::Bug => 10,
        Kind::Billing => 5,
        Kind::Question | Kind::Other => 2,
        Kind::Automatic | Kind::Spam | Kind::Praise => 0,
    };
    if urgency > 0 && words.have(rules::URGENT) {
        tags.push("urgent");
        urgency += 15;
    }
    if kind == Kind::Bug && words.have(rules::LOSS) {
        tags.push("data-loss");
        urgency += 20;
    }
    Ok(Output {
        kind,
        confidence,
        signals,
        tags,
        urgency,
    })
}

#[cfg(test)]
mod tests {
    use super::ClassifyAgent;
    use hap_guest::testing::invoke;
    use serde_json::{Value, json};

    fn told(subject: &str, text: &str) -> Value {
        let message = json!({ "subject": subject, "text": text, "automatic": false });
        invoke::<ClassifyAgent>(message, json!({})).expect("any message has a kind")
    }

    #[test]
    fn form_tells_the_kind_in_any_language() {
        for (text, kind) in [
            ("Ohje ei auta.\n  at app.Main.run(Main.java:3)\n", "bug"),
            ("Lasku AB-12345 on 49,00 €", "billing"),
            ("http://a.example/x http://192.0.2.1/y !!!", "spam"),
            ("Onko varmuuskopio suomessa? Vai muualla?", "question"),
        ] {
            assert_eq!(told("", text)["kind"], kind, "{text}");
        }
    }

    #[test]
    fn words_tell_the_kind() {
        for (text, kind) in [
            ("It crashes with an error and does not start.", "bug"),
            ("Please refund the second payment.", "billing"),
            ("I love it, thank you! Excellent.", "praise"),
            ("Act now, limited offer, click here", "spam"),
            ("How do I move it, and is it possible at all?", "question"),
            ("Lorem ipsum dolor sit amet", "other"),
            ("", "other"),
        ] {
            assert_eq!(told("", text)["kind"], kind, "{text}");
        }
    }

    #[test]
    fn what_is_unclear_is_other() {
        let message = json!({ "text": "crash invoice love" });
        let output =
            |least: f64| invoke::<ClassifyAgent>(message.clone(), json!({ "least_confidence": least }));
        assert_eq!(output(0.4).expect("told")["kind"], "other");
        let unclear = output(0.3).expect("told");
        assert_eq!(
            (&unclear["kind"], &unclear["confidence"]),
            (&json!("bug"), &json!(0.33))
        );
        assert!(invoke::<ClassifyAgent>(message, json!({ "least": 1 })).is_err());
    }

    #[test]
    fn urgency_is_for_people() {
        let lost = told("URGENT", "ERROR: files are gone, it deleted them. Crash!");
        assert_eq!(
            (&lost["urgency"], &lost["tags"]),
            (&json!(45), &json!(["urgent", "data-loss"]))
        );
        let spam = told("URGENT", "Act now! Limited offer, click here");
        assert_eq!((&spam["urgency"], &spam["tags"]), (&json!(0), &json!([])));
        let away = invoke::<ClassifyAgent>(
            json!({ "text": "urgent invoice error", "automatic": true }),
            json!({}),
        );
        assert_eq!(away.expect("told")["kind"], "automatic");
    }
}
