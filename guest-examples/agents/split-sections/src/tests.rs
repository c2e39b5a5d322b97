//! The kinds of documents that must come apart in the right places.

use super::{Input, Section, split_sections};

fn sections(text: &str) -> Vec<Section> {
    split_sections(Input {
        text: text.to_owned(),
    })
    .expect("any text has sections")
    .sections
}

/// `number|heading|level|first-body-last` of each section.
fn outline(text: &str) -> Vec<String> {
    let line = |s: &Section| {
        let number = s.number.as_deref().unwrap_or("-");
        format!(
            "{number}|{}|{}|{}-{}-{}",
            s.heading, s.level, s.first_line, s.body_line, s.last_line
        )
    };
    sections(text).iter().map(line).collect()
}

#[test]
fn markdown() {
    let text =
        "intro\n\n# One\ntext\n## 1. Two ##\n\n1. item\n2. item\n\n```\n# code\n```\nThree\n=====\nend";
    assert_eq!(
        outline(text),
        [
            "-||1|1-1-1",
            "-|One|1|3-4-4",
            "1|Two|2|5-6-12",
            "-|Three|1|13-15-15"
        ]
    );
}

#[test]
fn numbered_clauses() {
    let text = "1. Definitions\n--------------\n\n1.1. \"Work\"\n    means this.\n\n1.2 The long clause goes on\nuntil it ends.\n1.3 Next one\n\n2. Scope\n\n2.1. Long Heading That Is\nWrapped\n\nText.";
    assert_eq!(
        outline(text),
        [
            "1|Definitions|2|1-3-2",
            "1.1||3|4-4-5",
            "1.2||3|7-7-8",
            "1.3|Next one|3|9-10-9",
            "2|Scope|2|11-12-11",
            "2.1|Long Heading That Is Wrapped|3|13-15-16"
        ]
    );
}

#[test]
fn divisions_and_sections() {
    let text = "AGREEMENT\n\nARTICLE IV\n\nSection 1. Payment\nThe Buyer pays.\n\nSection 2.1 of this text is no heading.\n\nSchedule A - Prices\n\nten";
    assert_eq!(
        outline(text),
        [
            "-|AGREEMENT|1|1-2-1",
            "ARTICLE IV||1|3-4-3",
            "1||2|5-5-8",
            "Schedule A|Prices|1|10-11-12"
        ]
    );
}

#[test]
fn clauses_without_blank_lines() {
    let text = "1. Payment\n1.1 The Buyer shall pay.\n1.2 The Seller shall deliver\nwithin 3.5 days.\n2. Term\n2.1 One year.";
    assert_eq!(
        outline(text),
        [
            "1|Payment|1|1-2-1",
            "1.1||2|2-2-2",
            "1.2||2|3-3-4",
            "2|Term|1|5-6-5",
            "2.1||2|6-6-6"
        ]
    );
}

#[test]
fn running_text_and_lists_are_no_sections() {
    let text = "Dear all,\n\n11 of the treaty\n\n1. apples\n2. pears\n\nThis ends here. What a Day.\n\nunder section\n7.  This stays";
    assert_eq!(outline(text), ["-||1|1-1-11"]);
}

#[test]
fn any_text_is_fine() {
    assert!(sections("").is_empty());
    assert!(sections("\r\n \r\n\u{c}\r\n").is_empty());
    assert_eq!(outline("# A\r\n\r\nb\r\n"), ["-|A|1|1-2-3"]);
    assert_eq!(outline("# A"), ["-|A|1|1-2-1"]);
    assert_eq!(outline("§ 1 Überschrift\n\nTéxt."), ["1|Überschrift|1|1-2-3"]);
    for text in [
        "#",
        "##\n",
        "1.",
        "1.1",
        "---\n---",
        "Section",
        "§",
        &"x".repeat(300_000),
        &"1. a\n\n".repeat(2000),
    ] {
        let _ = sections(text);
    }
}
