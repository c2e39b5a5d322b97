//! The forms of a definition, what is none, and what counts as a use.

use super::{Input, Terms, find_terms};

fn terms(text: &str) -> Terms {
    find_terms(Input {
        text: text.to_owned(),
        sections: Vec::new(),
    })
    .expect("any text has terms")
    .terms
}

fn names(text: &str) -> Vec<String> {
    let name = |term: &super::Term| [vec![term.term.clone()], term.aliases.clone()].concat().join("/");
    terms(text).defined.iter().map(name).collect()
}

#[test]
fn definitions_by_verb() {
    assert_eq!(names("\"Work\" means a text."), ["Work"]);
    assert_eq!(
        names("“Work Product” of a Party shall mean\nall texts."),
        ["Work Product"]
    );
    assert_eq!(names("\"You\" (or \"Your\") means anybody."), ["You/Your"]);
    assert_eq!(
        names("1.5. \"Incompatible\"\n    means\n\n    (a) that it is."),
        ["Incompatible"]
    );
    assert_eq!(
        names("A \"contributor\" is a holder. \"Licensees\" and \"recipients\" may be people."),
        ["contributor", "Licensees/recipients"]
    );
    assert_eq!(
        names("To \"copy\" a work means to double it. **Fee** has the meaning given below."),
        ["copy", "Fee"]
    );
    assert_eq!(
        names("Covered Software means this. This means that."),
        ["Covered Software"]
    );
    assert_eq!(
        names(
            "A \"User Product\" is either (1) a \"consumer product\", which means a thing, or (2) a house."
        ),
        ["User Product", "consumer product"]
    );
}

#[test]
fn definitions_by_name() {
    assert_eq!(
        names("It is called a \"modified version\" of it or a work \"based on\" it."),
        ["modified version", "based on"]
    );
    assert_eq!(
        names("Acme Ltd. (the \"Seller\") and Bob (each a \"Party\", together the “Parties”) agree."),
        ["Seller", "Party", "Parties"]
    );
    assert_eq!(names("A licence is \"unfair\" if it costs."), ["unfair"]);
}

#[test]
fn quotations_are_no_definitions() {
    assert!(
        names("He said \"stop\" and the sign \"no entry here\" fell (see \"the notes\" below).").is_empty()
    );
    assert!(
        names("Tick \"Yes\" if you agree. Keep the \"copyright\" line; provided \"as is\" without warranty.")
            .is_empty()
    );
}

#[test]
fn uses_are_counted_in_every_form_and_place() {
    let text = "\"Party\" means one.\nThe parties of the Party's\nchoice, Parties all. \"Third Party\" means another. Third Parties pay.";
    let found = terms(text);
    assert_eq!((found.defined[0].uses, found.defined[1].uses), (2, 1));
    let found = terms(
        "\"Object code\" means non-source. Use object\ncode, the object code. To \"convey\" means to give. Conveying is fine. \"Never\" means no.",
    );
    assert_eq!(
        found.defined.iter().map(|term| term.uses).collect::<Vec<_>>(),
        [2, 1, 0]
    );
    assert_eq!(found.defined[1].line, 2);
    assert_eq!(
        terms("\"A1\" means b. \"A1\" means c.").defined[0].defined_again,
        [1]
    );
}

#[test]
fn capitalised_terms_without_definition() {
    let found = terms(
        "\"Buyer\" means me. The Buyer pays the Service Fee in June.\nThen the Service Fee is due, and the Buyer pays the Deposit.",
    );
    assert_eq!(found.undefined.len(), 1);
    assert_eq!(
        (
            found.undefined[0].term.as_str(),
            found.undefined[0].uses,
            found.undefined[0].line
        ),
        ("Service Fee", 2, 1)
    );
}

#[test]
fn any_text_is_fine() {
    for text in [
        "",
        "\"\"",
        "“",
        "\"a\" means",
        "**",
        "\"Ä\" means ö.\r\nÄ Ä",
        &"\"x\" means y ".repeat(2000),
    ] {
        let _ = terms(text);
    }
}
