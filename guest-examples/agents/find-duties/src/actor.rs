//! Who must or may: the words right before the phrase, as far as they are one subject.

/// More words than this are no name of anybody.
const ACTOR_WORDS: usize = 10;

/// What stands for somebody who is named elsewhere.
const PRONOUNS: &[&str] = &[
    "all", "any", "both", "each", "either", "he", "it", "neither", "none", "nothing", "one", "she", "that",
    "there", "these", "they", "this", "those", "which", "who", "whom",
];

/// What begins a phrase that is no subject.
const PREPOSITIONS: &[&str] = &[
    "after", "against", "at", "before", "by", "during", "for", "from", "in", "of", "on", "pursuant",
    "subject", "than", "to", "under", "upon", "with",
];

/// What begins a clause; the subject comes after it.
const CLAUSES: &[&str] = &[
    "although",
    "because",
    "but",
    "if",
    "provided",
    "so",
    "that",
    "then",
    "therefore",
    "unless",
    "what",
    "whatever",
    "when",
    "where",
    "whereas",
    "whether",
    "which",
    "while",
    "who",
    "whom",
];

const ARTICLES: &[&str] = &["a", "an", "any", "each", "every", "such", "the"];

const ADVERBS: &[&str] = &[
    "accordingly",
    "also",
    "and",
    "consequently",
    "finally",
    "further",
    "furthermore",
    "hence",
    "hereby",
    "however",
    "indeed",
    "likewise",
    "moreover",
    "nevertheless",
    "only",
    "or",
    "otherwise",
    "similarly",
    "still",
    "thereafter",
    "thereby",
    "thus",
];

/// Participles that do not end in `-ed`.
const PARTICIPLES: &[&str] = &[
    "borne", "brought", "built", "done", "drawn", "found", "given", "held", "kept", "known", "left", "lost",
    "made", "met", "paid", "put", "read", "sent", "set", "shown", "sold", "taken", "written",
];

/// Whom a phrase binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Actor {
    Named(String),
    /// The sentence does not say, or says it too far away.
    Unknown,
    /// Whom the phrase before it binds: `must sign and must pay`.
    Same,
}

/// The actor of a phrase, from the words before and after it. `before` must not reach over another phrase.
pub(crate) fn actor(before: &str, phrase: &str, after: &str, follows_phrase: bool) -> Actor {
    // Here the subject is the deed or the document: `smoking is allowed`, `the law requires that`.
    let names_deed = !phrase.ends_with(" to")
        && [
            "permitted",
            "allowed",
            "authorized",
            "authorised",
            "prohibited",
            "forbidden",
        ]
        .iter()
        .any(|w| phrase.ends_with(w));
    if names_deed
        || ["require", "permit", "permission", "grant"]
            .iter()
            .any(|w| phrase.contains(w))
            && !phrase.ends_with("to")
    {
        return Actor::Unknown;
    }
    if is_passive(after) {
        return agent(after).map_or(Actor::Unknown, Actor::Named);
    }
    let before = without_brackets(before);
    // `in no event shall the Buyer`: the subject comes after.
    if after
        .split_whitespace()
        .next()
        .is_some_and(|next| is(next, ARTICLES))
    {
        return Actor::Unknown;
    }
    let subject: Vec<&str> = subject(clause(&before), follows_phrase);
    let Some((first, rest)) = subject.split_first() else {
        return Actor::Same;
    };
    let first = first.to_lowercase();
    if subject.len() > ACTOR_WORDS
        || rest.is_empty() && PRONOUNS.contains(&first.as_str())
        || PREPOSITIONS.contains(&first.as_str())
    {
        return Actor::Unknown;
    }
    let name = subject.join(" ");
    let name = name.trim_matches(|c: char| !c.is_alphanumeric() && c != ')');
    match name.to_lowercase().as_str() {
        "" => Actor::Unknown,
        "you" | "we" | "i" => Actor::Named(name.to_lowercase()),
        _ => Actor::Named(name.to_owned()),
    }
}

/// The text without what stands in complete brackets.
fn without_brackets(text: &str) -> String {
    let mut kept = text.to_owned();
    while let Some(close) = kept.find(')') {
        match kept.get(..close).and_then(|before| before.rfind('(')) {
            Some(open) => kept.replace_range(open..=close, ""),
            // The bracket was opened before what is looked at.
            None => kept.replace_range(..=close, ""),
        }
    }
    kept
}

/// The words of the clause that a phrase closes.
fn clause(before: &str) -> &str {
    let before = before.trim_end();
    // A comma right before the phrase closes an insertion: `the Buyer, on request, shall`.
    if let Some(inner) = before.strip_suffix(',') {
        let without = inner.rfind(',').and_then(|at| inner.get(..at)).unwrap_or(inner);
        return last_part(without);
    }
    last_part(before)
}

/// What follows the last punctuation; that inside of words, as in an address, is none.
fn last_part(text: &str) -> &str {
    let separators = ["; ", ": ", ", ", " (", "> ", "— ", " \"", " “"];
    let start = separators
        .iter()
        .filter_map(|s| text.rfind(s).map(|at| at + s.len()))
        .max();
    text.get(start.unwrap_or(0)..).unwrap_or(text)
}

/// The subject at the end of a clause.
fn subject(clause: &str, follows_phrase: bool) -> Vec<&str> {
    let mut words: Vec<&str> = clause.split_whitespace().collect();
    // `must sign and the Buyer must pay`: what stands before the conjunction belongs to the phrase before.
    if follows_phrase && let Some(at) = words.iter().rposition(|word| is(word, &["and", "or", "but"])) {
        words.drain(..=at);
    }
    // `a file which must`: the pronoun is the subject.
    if let Some(last) = words.last().copied().filter(|last| is(last, CLAUSES)) {
        return vec![last];
    }
    if let Some(at) = words.iter().rposition(|word| is(word, CLAUSES)) {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let is_relative = words
            .get(at)
            .is_some_and(|word| is(word, &["that", "which", "who"]));
        if is_relative && at > 0 && !begins_subject(next) {
            // `a party that breaches it must`: the head of the relative clause is the subject.
            words.truncate(at);
        } else {
            words.drain(..=at);
        }
    }
    // `you comply and you may`: a pronoun is a subject of its own, unless something is done `for you`.
    if let [.., before, last] = words.as_slice()
        && is(last, &["you", "we", "i"])
        && !is(before, PREPOSITIONS)
    {
        return vec![last];
    }
    while words.last().is_some_and(|word| is(word, ADVERBS)) {
        words.pop();
    }
    let leading = words
        .iter()
        .take_while(|word| is(word, ADVERBS) || is(word, ARTICLES))
        .count();
    words.drain(..leading);
    words
}

fn is(word: &str, list: &[&str]) -> bool {
    list.contains(&word.to_lowercase().trim_end_matches('.'))
}

/// Whether a word can be the first of a subject, and so is no verb.
fn begins_subject(word: &str) -> bool {
    is(word, ARTICLES)
        || is(word, PRONOUNS)
        || is(word, &["you", "we", "i"])
        || word.starts_with(char::is_uppercase)
}

fn is_passive(after: &str) -> bool {
    let mut words = after
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    if words.next() != Some("be") {
        return false;
    }
    // Adverbs may stand between: `be sufficiently detailed`.
    let participle = words.find(|word| !word.ends_with("ly")).unwrap_or_default();
    participle.len() > 2 && participle.ends_with("ed") || PARTICIPLES.contains(&participle)
}

/// Who does it in a passive sentence: `be kept by the Buyer for two years`.
fn agent(after: &str) -> Option<String> {
    let mut words = after.split_whitespace();
    let before: Vec<&str> = words.by_ref().take_while(|word| *word != "by").collect();
    // `accompanied by the notice` names a thing that nobody does.
    let is_thing = before
        .iter()
        .any(|word| ["accompanied", "followed", "governed", "preceded"].contains(word));
    if is_thing || before.len() > 4 || before.iter().any(|word| word.ends_with([',', ';', '.'])) {
        return None;
    }
    let mut name: Vec<&str> = Vec::new();
    for word in words {
        if !ARTICLES.contains(&word) && !word.starts_with(char::is_uppercase) {
            break;
        }
        name.push(word.trim_end_matches([',', ';', '.']));
        if word.ends_with([',', ';', '.']) {
            break;
        }
    }
    let articles = name
        .iter()
        .take_while(|word| ARTICLES.contains(&word.to_lowercase().as_str()))
        .count();
    name.drain(..articles);
    (!name.is_empty()).then(|| name.join(" "))
}
