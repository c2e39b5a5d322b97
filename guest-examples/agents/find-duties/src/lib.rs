//! Finds what a document obliges, forbids, allows and exempts, and whom.
//!
//! Every modal phrase (`shall`, `may not`, `is required to`) is one finding. English only.

mod actor;
mod modal;

use actor::Actor;
use hap_guest::Result;
use modal::{Modal, Patterns};
use review_text::{Section, Sentence, after, before, excerpt, sentences};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The document.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// Plain text or Markdown.
    pub text: String,
    /// Its sections, as `split-sections` finds them.
    #[serde(default)]
    pub sections: Vec<Section>,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// In the order of the document.
    pub duties: Vec<Duty>,
}

/// Something that must, must not, may or need not be done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Duty {
    /// What the document does.
    pub kind: Kind,
    /// The words that say so.
    pub modal: String,
    /// Who must or may, where the sentence says it; absent for `it must` and `the notice must be kept`.
    pub actor: Option<String>,
    /// The line of the words that say so.
    pub line: u32,
    /// The id of the section.
    pub section: Option<String>,
    /// The part of the sentence around those words; for the item of a list, the words that announce it first.
    pub clause: String,
    /// The sentence.
    pub sentence: String,
}

/// What a document does to an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `must`, `shall`, `is required to`.
    Obligation,
    /// `may not`, `shall not`, `is not allowed`, `no one may`.
    Prohibition,
    /// `may`, `is permitted to`, `has the right to`.
    Permission,
    /// `need not`, `is not required to`.
    Exemption,
}

/// Finds obligations, prohibitions, permissions and exemptions, and whom they bind.
#[hap_guest::agent(read_only, idempotent)]
pub fn find_duties(input: Input) -> Result<Output> {
    let patterns = Patterns::new()?;
    let sentences = sentences(&input.text, &input.sections);
    let mut duties = Vec::new();
    // A duty whose phrase announces a list: each of its items is then a duty of its own.
    let mut announced: Option<Announced> = None;
    for sentence in &sentences {
        let modals = patterns.find(&sentence.text);
        if let Some(list) = announced.take_if(|list| !list.goes_on(sentence)) {
            // The list never came, so the phrase stands for itself.
            duties.extend(list.indent.is_none().then_some(list.lead));
        }
        if let Some(list) = &announced
            && list.indent == sentence.item_indent
            && modals.is_empty()
            && sentence.starts_paragraph
        {
            duties.push(item(&list.lead, sentence));
        }
        let mut before: Option<(&Modal, Option<String>)> = None;
        for modal in &modals {
            let duty = duty(modal, sentence, before);
            before = Some((modal, duty.actor.clone()));
            if modal.announces_list(&sentence.text) {
                announced = Some(Announced {
                    lead: duty,
                    indent: None,
                });
            } else {
                duties.push(duty);
            }
        }
    }
    duties.extend(
        announced
            .filter(|list| list.indent.is_none())
            .map(|list| list.lead),
    );
    Ok(Output { duties })
}

/// A phrase that stands before a list.
struct Announced {
    lead: Duty,
    /// That of the first item, once there is one. Lists inside the list stand further in.
    indent: Option<usize>,
}

impl Announced {
    /// Whether a sentence may still belong to the list.
    fn goes_on(&mut self, sentence: &Sentence) -> bool {
        self.indent = self.indent.or(sentence.item_indent);
        sentence.item_indent >= self.indent
            && sentence.item_indent.is_some()
            && sentence.section == self.lead.section
    }
}

/// The duty that a phrase makes; `previous` is the phrase before it in the sentence, and its actor.
fn duty(modal: &Modal, sentence: &Sentence, previous: Option<(&Modal, Option<String>)>) -> Duty {
    let from = previous.as_ref().map_or(0, |(modal, _)| modal.end);
    let before = before(sentence.text.get(from..).unwrap_or_default(), modal.start - from);
    let after = after(&sentence.text, modal.end);
    let actor = match actor::actor(before, &modal.words, after, previous.is_some()) {
        Actor::Named(name) => Some(name),
        Actor::Unknown => None,
        Actor::Same => previous.and_then(|(_, actor)| actor),
    };
    Duty {
        kind: modal.kind,
        modal: modal.words.clone(),
        actor,
        line: sentence.line_at(modal.start),
        section: sentence.section.clone(),
        clause: clause(&sentence.text, modal),
        sentence: excerpt(&sentence.text),
    }
}

/// From the punctuation before a phrase to the semicolon or the end after it, as far as a reader needs it.
fn clause(sentence: &str, modal: &Modal) -> String {
    let (before, after) = (before(sentence, modal.start), after(sentence, modal.end));
    let start = [", ", "; ", ": ", "("]
        .iter()
        .filter_map(|mark| before.rfind(mark).map(|at| at + mark.len()))
        .max();
    let end = after.find("; ").or(after
        .rfind(' ')
        .filter(|_| modal.end + after.len() < sentence.len()));
    let phrase = sentence.get(modal.start..modal.end).unwrap_or_default();
    let after = match end.and_then(|end| after.get(..end)) {
        Some(cut) => format!("{cut} …"),
        None => after.to_owned(),
    };
    format!(
        "{}{phrase}{after}",
        start.and_then(|start| before.get(start..)).unwrap_or(before)
    )
}

fn item(lead: &Duty, sentence: &Sentence) -> Duty {
    Duty {
        kind: lead.kind,
        modal: lead.modal.clone(),
        actor: lead.actor.clone(),
        line: sentence.line(),
        section: sentence.section.clone(),
        clause: excerpt(&format!("{} {}", lead.clause, sentence.text)),
        sentence: excerpt(&sentence.text),
    }
}

#[cfg(test)]
mod tests;
