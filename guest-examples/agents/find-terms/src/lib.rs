//! Finds what a document defines, how often it uses it, and what it writes like a defined term without
//! defining it.
//!
//! Definitions are recognised by their form in English: `"X" means …`, `… is called an "X"`, `(the "X")`.

mod definition;
mod names;
mod usage;

use definition::Definition;
use hap_guest::Result;
use review_text::{Section, Sentence, excerpt, sentences};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use usage::Usage;

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
    /// The terms of the document.
    pub terms: Terms,
}

/// The terms of a document.
#[derive(Serialize, JsonSchema)]
pub struct Terms {
    /// The defined terms, in the order of their definitions.
    pub defined: Vec<Term>,
    /// Capitalised words that are used like defined terms but have no definition, by falling number of uses.
    /// Names of people and organisations are among them: the form does not tell them apart.
    pub undefined: Vec<Undefined>,
}

/// A defined term.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Term {
    /// As the definition writes it.
    pub term: String,
    /// Other words for it in the same definition.
    pub aliases: Vec<String>,
    /// The line of the definition.
    pub line: u32,
    /// The id of the section of the definition.
    pub section: Option<String>,
    /// The sentence that defines it.
    pub definition: String,
    /// How often it is used, definitions and headings not counted. 0 is a term that nothing uses.
    pub uses: u32,
    /// The lines of later definitions of the same term.
    pub defined_again: Vec<u32>,
}

/// A term without definition.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Undefined {
    /// As the document writes it.
    pub term: String,
    /// How often it is used.
    pub uses: u32,
    /// The line of the first use.
    pub line: u32,
}

/// Finds the defined terms of a document, how often each is used, and capitalised terms that are not defined.
#[hap_guest::agent(read_only, idempotent)]
pub fn find_terms(input: Input) -> Result<Output> {
    let sentences = sentences(&input.text, &input.sections);
    let mut defined: Vec<Term> = Vec::new();
    let patterns = definition::Patterns::new()?;
    for (index, sentence) in sentences.iter().enumerate() {
        for definition in patterns.definitions(sentence) {
            add(&mut defined, definition, sentence, sentences.get(index + 1));
        }
    }
    let usage = Usage::count(&sentences, &defined);
    for (term, uses) in defined.iter_mut().zip(&usage.defined) {
        term.uses = *uses;
    }
    Ok(Output {
        terms: Terms {
            defined,
            undefined: usage.undefined,
        },
    })
}

fn add(defined: &mut Vec<Term>, definition: Definition, sentence: &Sentence, next: Option<&Sentence>) {
    let line = sentence.line_at(definition.byte);
    let known = defined
        .iter_mut()
        .find(|known| known.term.eq_ignore_ascii_case(&definition.term));
    if let Some(known) = known {
        known.defined_again.push(line);
        return;
    }
    let mut text = sentence.text.clone();
    // The definition itself may be a list below: quote its first item.
    if let Some(next) = next.filter(|_| text.ends_with(':') || text.ends_with("means")) {
        text = format!("{text} {}", next.text);
    }
    defined.push(Term {
        term: definition.term,
        aliases: definition.aliases,
        line,
        section: sentence.section.clone(),
        definition: excerpt(&text),
        uses: 0,
        defined_again: Vec::new(),
    });
}

#[cfg(test)]
mod tests;
