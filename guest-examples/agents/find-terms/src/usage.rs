//! Where the words of a document are uses of a defined term, and where they only look like one.

use crate::names::{Names, Word, words};
use crate::{Term, Undefined};
use review_text::Sentence;
use std::collections::HashMap;

/// How often a capitalised term must occur before it counts as one: a single use is likelier a name.
const UNDEFINED_USES: u32 = 2;

/// Capitalised words that are no terms: calendars, and the names of parts of a document.
const NO_TERMS: &[&str] = &[
    "annex",
    "appendix",
    "article",
    "chapter",
    "clause",
    "exhibit",
    "i",
    "paragraph",
    "part",
    "schedule",
    "section",
    "sections",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

pub(crate) struct Usage {
    /// One number for each defined term.
    pub(crate) defined: Vec<u32>,
    pub(crate) undefined: Vec<Undefined>,
}

impl Usage {
    pub(crate) fn count(sentences: &[Sentence], terms: &[Term]) -> Self {
        let mut names = Names::new(terms);
        let words: Vec<Vec<Word<'_>>> = sentences.iter().map(|sentence| words(&sentence.text)).collect();
        names.settle_case(&words, terms.len());
        let mut defined = vec![0_u32; terms.len()];
        let mut undefined: HashMap<String, Undefined> = HashMap::new();
        for (sentence, words) in sentences.iter().zip(&words) {
            let mut at = 0;
            let mut free: Vec<&Word<'_>> = Vec::new();
            while let Some(word) = words.get(at) {
                // "Mozilla Public License" is a name of its own and no use of "License".
                let is_part = free
                    .last()
                    .is_some_and(|before| continues_name(sentence, before, word));
                match names
                    .longest_at(words, at)
                    .filter(|(_, length)| *length > 1 || !is_part)
                {
                    Some((term, length)) => {
                        let count = defined.get_mut(term);
                        if let Some(count) = count.filter(|_| !is_quoted(sentence, words, at, length)) {
                            *count += 1;
                        }
                        collect(sentence, &free, &mut undefined);
                        free.clear();
                        at += length;
                    }
                    None => {
                        free.push(word);
                        at += 1;
                    }
                }
            }
            collect(sentence, &free, &mut undefined);
        }
        let mut undefined: Vec<Undefined> = undefined
            .into_values()
            .filter(|term| term.uses >= UNDEFINED_USES)
            .collect();
        undefined.sort_by(|a, b| {
            b.uses
                .cmp(&a.uses)
                .then(a.line.cmp(&b.line))
                .then(a.term.cmp(&b.term))
        });
        Self { defined, undefined }
    }
}

/// Whether both words are capitalised and adjacent, and the first does not owe that to a sentence's start.
fn continues_name(sentence: &Sentence, before: &Word<'_>, word: &Word<'_>) -> bool {
    let is_capital = |word: &Word<'_>| word.text.starts_with(char::is_uppercase);
    let is_name = |word: &Word<'_>| is_capital(word) && word.text.chars().any(char::is_lowercase);
    before.start > 0
        && is_name(before)
        && is_name(word)
        && sentence.text.get(before.end..word.start) == Some(" ")
}

/// Whether the words stand between quotation marks of their own: then they are mentioned and not used.
fn is_quoted(sentence: &Sentence, words: &[Word<'_>], at: usize, length: usize) -> bool {
    let Some((first, last)) = words.get(at).zip(words.get(at + length - 1)) else {
        return false;
    };
    let before = sentence.text.get(..first.start).unwrap_or_default();
    let after = sentence
        .text
        .get(last.end..)
        .unwrap_or_default()
        .trim_start_matches(',');
    let opens = |text: &str| text.ends_with(['"', '“', '„', '«', '‘', '*']);
    let is_open = opens(before)
        || ["The ", "This ", "A ", "An ", "the "]
            .iter()
            .any(|w| before.strip_suffix(w).is_some_and(opens));
    is_open && after.starts_with(['"', '”', '“', '»', '’', '*'])
}

/// Adds the runs of capitalised words in the middle of a sentence.
fn collect(sentence: &Sentence, words: &[&Word<'_>], undefined: &mut HashMap<String, Undefined>) {
    // Shouted sentences capitalise everything.
    let letters = sentence.text.chars().filter(|c| c.is_alphabetic());
    let (capitals, all) = letters.fold((0, 0), |(capitals, all), c| {
        (capitals + usize::from(c.is_uppercase()), all + 1)
    });
    if capitals * 2 > all {
        return;
    }
    let is_capital = |word: &&&Word<'_>| word.start > 0 && word.text.starts_with(char::is_uppercase);
    let is_next = |a: &&Word<'_>, b: &&Word<'_>| sentence.text.get(a.end..b.start) == Some(" ");
    for run in words.chunk_by(|a, b| is_capital(&a) == is_capital(&b) && is_next(a, b)) {
        let Some((first, last)) = run.first().filter(is_capital).zip(run.last()) else {
            continue;
        };
        let opens_sentence = sentence
            .text
            .get(..first.start)
            .is_some_and(|before| before.ends_with(['"', '“', ':', '(']));
        let is_known = NO_TERMS.contains(&first.text.to_lowercase().as_str());
        let Some(term) = sentence.text.get(first.start..last.end) else {
            continue;
        };
        if is_known
            || opens_sentence
            || term.len() < 3
            || term.chars().all(|c| !c.is_lowercase()) && run.len() == 1
        {
            continue;
        }
        let line = sentence.line_at(first.start);
        let entry = undefined.entry(term.to_owned()).or_insert_with(|| Undefined {
            term: term.to_owned(),
            uses: 0,
            line,
        });
        entry.uses += 1;
    }
}
