//! The words of a text, and which of them are the name of a term in one of its forms.

use crate::Term;
use std::collections::HashMap;

/// A word of a sentence, without a possessive ending.
pub(crate) struct Word<'t> {
    pub(crate) text: &'t str,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The names of all terms, by their first word in lower case.
pub(crate) struct Names {
    by_first: HashMap<String, Vec<Name>>,
}

struct Name {
    term: usize,
    words: Vec<String>,
    ignores_case: bool,
}

impl Names {
    pub(crate) fn new(terms: &[Term]) -> Self {
        let mut by_first: HashMap<String, Vec<Name>> = HashMap::new();
        for (index, term) in terms.iter().enumerate() {
            for name in std::iter::once(&term.term).chain(&term.aliases) {
                let mut words: Vec<String> = words(name).iter().map(|word| word.text.to_owned()).collect();
                // "The Program" is used as "a Program" too.
                if words.len() > 1
                    && words
                        .first()
                        .is_some_and(|word| matches!(word.to_lowercase().as_str(), "a" | "an" | "the"))
                {
                    words.remove(0);
                }
                let ignores_case = words.iter().all(|word| !word.starts_with(char::is_uppercase));
                let Some(first) = words.first() else { continue };
                for key in stems(&first.to_lowercase()) {
                    let name = Name {
                        term: index,
                        words: words.clone(),
                        ignores_case,
                    };
                    by_first.entry(key).or_default().push(name);
                }
            }
        }
        for names in by_first.values_mut() {
            names.sort_by_key(|name| std::cmp::Reverse(name.words.len()));
        }
        Self { by_first }
    }

    /// A term whose definition starts a sentence may owe its capital to that: it is the document's usual way of
    /// writing it that tells.
    pub(crate) fn settle_case(&mut self, sentences: &[Vec<Word<'_>>], terms: usize) {
        // Uses inside sentences: with a capital less those without.
        let mut balances = vec![0_i64; terms];
        for words in sentences {
            for (at, word) in words.iter().enumerate().skip(1) {
                let names = self.by_first.get(&word.text.to_lowercase()).into_iter().flatten();
                for name in names.filter(|name| name.fits(words, at, true)) {
                    if let Some(balance) = balances.get_mut(name.term) {
                        *balance += if word.text.starts_with(char::is_uppercase) {
                            1
                        } else {
                            -1
                        };
                    }
                }
            }
        }
        for name in self.by_first.values_mut().flatten() {
            let has_one_capital = name
                .words
                .iter()
                .skip(1)
                .all(|word| !word.starts_with(char::is_uppercase));
            let is_small = balances.get(name.term).is_some_and(|balance| *balance < 0);
            name.ignores_case |= has_one_capital && is_small;
        }
    }

    /// The longest term that begins at a word: its index, and how many words it has.
    pub(crate) fn longest_at(&self, words: &[Word<'_>], at: usize) -> Option<(usize, usize)> {
        let names = self.by_first.get(&words.get(at)?.text.to_lowercase())?;
        let name = names
            .iter()
            .find(|name| name.fits(words, at, name.ignores_case))?;
        Some((name.term, name.words.len()))
    }
}

impl Name {
    fn fits(&self, words: &[Word<'_>], at: usize, ignores_case: bool) -> bool {
        let Some(found) = words.get(at..at + self.words.len()) else {
            return false;
        };
        let last = self.words.len() - 1;
        self.words
            .iter()
            .zip(found)
            .enumerate()
            .all(|(index, (name, word))| {
                let (lower_name, lower_word) = (name.to_lowercase(), word.text.to_lowercase());
                let is_same =
                    lower_name == lower_word || index == last && stems(&lower_name).contains(&lower_word);
                let is_shouted = word.text.len() > 1 && word.text.chars().all(char::is_uppercase);
                let is_cased = word.text.starts_with(char::is_uppercase)
                || !name.starts_with(char::is_uppercase)
                // "This License" is used as "this License".
                || index == 0 && lower_name == "this";
                is_same && (ignores_case || is_shouted || is_cased)
            })
    }
}

/// A word and the forms in which a text may use it: plural and the regular forms of a verb.
fn stems(word: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    let consonant_y = word
        .strip_suffix('y')
        .filter(|rest| !rest.ends_with(['a', 'e', 'o', 'u']));
    if let Some(rest) = consonant_y {
        forms.extend(["ies", "ied", "ying"].map(|end| format!("{rest}{end}")));
    } else if let Some(rest) = word.strip_suffix("ies") {
        forms.push(format!("{rest}y"));
    } else if let Some(rest) = word.strip_suffix('e') {
        forms.extend(["es", "ed", "ing"].map(|end| format!("{rest}{end}")));
    } else {
        forms.extend(["s", "es", "ed", "ing"].map(|end| format!("{word}{end}")));
        forms.extend(
            word.strip_suffix('s')
                .filter(|rest| rest.len() > 2)
                .map(str::to_owned),
        );
    }
    forms
}

/// The words of a text.
pub(crate) fn words(text: &str) -> Vec<Word<'_>> {
    let is_inner = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '-');
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match start {
            None if c.is_alphanumeric() => start = Some(at),
            Some(from) if !is_inner(c) => {
                let word = text
                    .get(from..at)
                    .unwrap_or_default()
                    .trim_end_matches(['\'', '’', '-']);
                let word = word
                    .strip_suffix("'s")
                    .or_else(|| word.strip_suffix("’s"))
                    .unwrap_or(word);
                words.push(Word {
                    text: word,
                    start: from,
                    end: from + word.len(),
                });
                start = None;
            }
            _ => {}
        }
    }
    words
}
