//! Counts and scores that can be checked by hand.

use super::{Input, Readability, readability, syllables::syllables};
use review_text::Section;

fn measure(text: &str) -> Readability {
    readability(Input {
        text: text.to_owned(),
        sections: Vec::new(),
    })
    .expect("any text has measures")
    .readability
}

#[test]
fn syllables_of_common_words() {
    for (word, count) in [
        ("the", 1),
        ("license", 2),
        ("software", 2),
        ("table", 2),
        ("make", 1),
        ("makes", 1),
        ("joined", 1),
        ("waited", 2),
        ("changes", 2),
        ("violation", 4),
        ("modification", 5),
        ("copies", 2),
        ("you", 1),
        ("free-software", 3),
        ("(GPL)", 1),
        ("2007", 4),
        ("—", 1),
        ("individual", 5),
    ] {
        assert_eq!(syllables(word), count, "{word}");
    }
}

#[test]
fn scores_follow_the_formulas() {
    // 6 words, 1 sentence, 6 syllables: 206.835 - 6.09 - 84.6, and 2.34 + 11.8 - 15.59.
    let score = measure("The cat sat on the mat.").whole;
    assert_eq!(
        (score.words, score.sentences, score.words_per_sentence),
        (6, 1, 6.0)
    );
    assert_eq!((score.reading_ease, score.grade), (116.1, -1.4));
}

#[test]
fn sections_and_longest_sentences() {
    let section = |id: &str, first, last| Section {
        id: id.to_owned(),
        number: None,
        heading: "H".to_owned(),
        level: 1,
        first_line: first,
        body_line: first + 1,
        last_line: last,
    };
    let text = "H\nOne two. Three four five.\nH\nSix seven eight.\nH";
    let sections = vec![section("s1", 1, 2), section("s2", 3, 4), section("s3", 5, 5)];
    let found = readability(Input {
        text: text.to_owned(),
        sections,
    })
    .expect("it has measures")
    .readability;
    let words: Vec<(&str, u32)> = found
        .sections
        .iter()
        .map(|part| (part.section.as_str(), part.score.words))
        .collect();
    assert_eq!(words, [("s1", 5), ("s2", 3)]);
    let lines: Vec<(u32, u32)> = found.longest.iter().map(|long| (long.words, long.line)).collect();
    assert_eq!(lines, [(3, 2), (3, 4), (2, 2)]);
}

#[test]
fn any_text_is_fine() {
    assert_eq!(measure("").whole.words, 0);
    for text in [
        "...",
        "你好。",
        "—",
        &"word ".repeat(100_000),
        &"a. ".repeat(20_000),
    ] {
        let score = measure(text).whole;
        assert!(score.reading_ease.is_finite() && score.grade.is_finite());
    }
}
