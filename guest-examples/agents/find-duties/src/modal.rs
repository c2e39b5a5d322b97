//! The phrases that oblige, forbid, allow and exempt.

use crate::Kind;
use regex_lite::{Error, Regex};
use review_text::{after, before};

/// A phrase in a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Modal {
    pub(crate) kind: Kind,
    /// As the sentence writes it, in lower case.
    pub(crate) words: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A phrase that ends this close before the end of a sentence announces the list below it.
const ANNOUNCING_WORDS: usize = 3;
const ANNOUNCING_BYTES: usize = 60;

/// What `may` allows nobody: things happen or are so.
const POSSIBLE: &[&str] = &[
    "appear", "arise", "contain", "depend", "differ", "exist", "happen", "have", "occur", "result", "seem",
    "vary",
];

/// A subject that turns an obligation or a permission into a prohibition.
const NOBODY: &str = "no|nothing|neither|none|nobody";

/// The phrases by kind. Where two match the same words, the earlier one is right.
const PHRASES: &[(Kind, &str)] = &[
    (
        Kind::Exemption,
        r"need not|(?:shall|will|is|are|does|do) not(?: be)? (?:required|obligated|obliged|need|have) to",
    ),
    (
        Kind::Exemption,
        r"(?:is|are|shall) (?:not (?:be )?responsible|under no obligation)|(?:does|do) not require",
    ),
    (Kind::Exemption, r"ha(?:s|ve) no (?:obligation|duty) to"),
    (
        Kind::Prohibition,
        r"(?:shall|must|may)(?: [a-z]+ly| also)? not(?: be (?:permitted|allowed|entitled|authori[sz]ed) to)?",
    ),
    (
        Kind::Prohibition,
        r"(?:is|are|be) (?:not (?:permitted|allowed|entitled|authori[sz]ed)|prohibited|forbidden)(?: to| from)?",
    ),
    (
        Kind::Prohibition,
        r"agrees? not to|(?:does|do) not (?:permit|allow|authori[sz]e)",
    ),
    (
        Kind::Prohibition,
        r"(?:gives?|grants?|ha(?:s|ve)) no (?:permission|right) to",
    ),
    (
        Kind::Obligation,
        r"(?:shall|must)(?: be (?:required|obligated|obliged) to)?",
    ),
    (
        Kind::Obligation,
        r"(?:is|are|be|remains?) (?:required|obligated|obliged|bound) to",
    ),
    (
        Kind::Obligation,
        r"(?:agrees?|undertakes?|covenants?) to|requires? that",
    ),
    (
        Kind::Obligation,
        r"ha(?:s|ve) (?:the|an) (?:obligation|duty|responsibility) to|(?:is|are) responsible for",
    ),
    (
        Kind::Permission,
        r"(?:is|are|be) (?:hereby )?(?:permitted|allowed|entitled|authori[sz]ed|welcome)(?: to)?",
    ),
    (
        Kind::Permission,
        r"ha(?:s|ve) (?:the |an? )?(?:right|permission|option) (?:to|of)",
    ),
    (Kind::Permission, r"may"),
];

pub(crate) struct Patterns {
    phrase: Regex,
    condition: Regex,
    negative: Regex,
}

impl Patterns {
    pub(crate) fn new() -> Result<Self, Error> {
        let groups: Vec<String> = PHRASES.iter().map(|(_, phrase)| format!("({phrase})")).collect();
        Ok(Self {
            phrase: Regex::new(&format!(r"(?i)\b(?:{})\b", groups.join("|")))?,
            // The words before a phrase, where they make it a condition or a reference and no duty.
            condition: Regex::new(r"(?i)\b(?:if|unless|whether)\b[^,;:]*$|\b(?:when|where|than|or) $")?,
            negative: Regex::new(&format!(
                r"(?i)(?:^|[,;:] |\bthat )(?:{NOBODY})\b[^,;:]*$|^(?:in no event|under no circumstances)\b"
            ))?,
        })
    }

    /// The phrases of a sentence, in its order.
    pub(crate) fn find(&self, sentence: &str) -> Vec<Modal> {
        let mut found: Vec<Modal> = Vec::new();
        for phrase in self.phrase.captures_iter(sentence) {
            let Some(whole) = phrase.get(0) else { continue };
            let Some(index) = phrase.iter().skip(1).position(|group| group.is_some()) else {
                continue;
            };
            let Some((mut kind, _)) = PHRASES.get(index).copied() else {
                continue;
            };
            let words = whole.as_str().to_lowercase();
            // What stands before an earlier phrase belongs to that one.
            let from = found.last().map_or(0, |last: &Modal| last.end);
            let before = before(sentence.get(from..).unwrap_or_default(), whole.start() - from);
            let after = after(sentence, whole.end());
            let is_plain = matches!(words.as_str(), "may" | "must" | "shall");
            if words == "may"
                && !is_permission(
                    whole.as_str(),
                    review_text::before(sentence, whole.start()),
                    after,
                )
                || words == "must" && before.ends_with(" a ")
                // "as may be needed" refers, "shall have been told" supposes.
                || before.ends_with(" as ")
                || is_plain && after.starts_with(" have been ")
                || !is_plain && kind != Kind::Prohibition && self.condition.is_match(before)
            {
                continue;
            }
            if self.negative.is_match(before) && matches!(kind, Kind::Obligation | Kind::Permission) {
                kind = Kind::Prohibition;
            }
            found.push(Modal {
                kind,
                words,
                start: whole.start(),
                end: whole.end(),
            });
        }
        found
    }
}

impl Modal {
    /// Whether the phrase stands right before a list: `The Supplier shall:`.
    pub(crate) fn announces_list(&self, sentence: &str) -> bool {
        if sentence.len() - self.end > ANNOUNCING_BYTES {
            return false;
        }
        let after = after(sentence, self.end);
        let is_open = after.ends_with(':') || after.is_empty();
        is_open && after.trim_end_matches(':').split_whitespace().count() <= ANNOUNCING_WORDS
    }
}

/// Tells the permission from the month and from what is merely possible.
fn is_permission(may: &str, before: &str, after: &str) -> bool {
    let next = after.split_whitespace().next().unwrap_or_default();
    if may == "May" {
        let previous = before.split_whitespace().next_back().unwrap_or_default();
        let is_date = previous.is_empty()
            || previous.starts_with(|c: char| c.is_ascii_digit())
            || previous.ends_with(|c: char| !c.is_alphanumeric())
            || [
                "after", "before", "by", "during", "each", "every", "from", "in", "last", "mid", "next",
                "of", "since", "this", "through", "to", "until",
            ]
            .contains(&previous.to_lowercase().as_str());
        let is_word = next.chars().all(char::is_alphabetic);
        if is_date || !is_word || after.starts_with(',') {
            return false;
        }
    }
    !POSSIBLE.contains(&next.to_lowercase().as_str())
}
