//! What is a duty, of which kind and whose, and what only looks like one.

use super::{Duty, Input, Kind, find_duties};

fn duties(text: &str) -> Vec<Duty> {
    find_duties(Input {
        text: text.to_owned(),
        sections: Vec::new(),
    })
    .expect("any text has duties")
    .duties
}

/// `kind modal (actor)` of each finding.
fn found(text: &str) -> Vec<String> {
    let line = |duty: &Duty| {
        let kind = format!("{:?}", duty.kind).to_lowercase();
        format!("{kind} {} ({})", duty.modal, duty.actor.as_deref().unwrap_or("-"))
    };
    duties(text).iter().map(line).collect()
}

#[test]
fn kinds() {
    assert_eq!(found("The Buyer shall pay."), ["obligation shall (Buyer)"]);
    assert_eq!(
        found("You may not copy it, but you may read it."),
        ["prohibition may not (you)", "permission may (you)"]
    );
    assert_eq!(
        found("The Seller must under no circumstances lie; it MUST NOT steal."),
        ["obligation must (Seller)", "prohibition must not (-)"]
    );
    assert_eq!(
        found("The Seller is required to act and agrees not to sleep."),
        [
            "obligation is required to (Seller)",
            "prohibition agrees not to (Seller)"
        ]
    );
    assert_eq!(
        found("You are not required to sign. Users need not pay."),
        [
            "exemption are not required to (you)",
            "exemption need not (Users)"
        ]
    );
    assert_eq!(
        found("Sublicensing is not allowed. Members are entitled to vote."),
        [
            "prohibition is not allowed (-)",
            "permission are entitled to (Members)"
        ]
    );
    assert_eq!(
        found("No member may vote twice. Nothing here shall be read so."),
        ["prohibition may (No member)", "prohibition shall (-)"]
    );
}

#[test]
fn what_is_no_duty() {
    for text in [
        "It ends on 5 May 2024.",
        "In May we go.",
        "May, June and July.",
        "May I ask?",
        "By May the work was done.",
        "Later versions may differ in detail.",
        "It may have been lost.",
        "If you agree to terms, fine.",
        "as required by law",
        "dismay and mustard",
        "This is a must have.",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
    assert_eq!(
        found("You May Not Enter. Visitors MAY enter in May 2025."),
        ["prohibition may not (you)", "permission may (Visitors)"]
    );
}

#[test]
fn actors() {
    assert_eq!(
        found("If it fails, then the Supplier, at its own cost, shall repair it."),
        ["obligation shall (Supplier)"]
    );
    assert_eq!(
        found("The Buyer and the Seller shall meet."),
        ["obligation shall (Buyer and the Seller)"]
    );
    assert_eq!(
        found("The notice must be kept by the Buyer for two years."),
        ["obligation must (Buyer)"]
    );
    assert_eq!(found("The notice must be kept."), ["obligation must (-)"]);
    assert_eq!(
        found("Those who work for you must rest, as https://a.b/c> Everyone is permitted to."),
        ["obligation must (-)", "permission is permitted to (Everyone)"]
    );
    assert_eq!(
        found("You shall sign, and must then pay."),
        ["obligation shall (you)", "obligation must (you)"]
    );
    assert_eq!(found("a file which must accompany it"), ["obligation must (-)"]);
}

#[test]
fn the_items_of_an_announced_list_are_duties() {
    let text = "The Supplier shall:\n  (a) deliver the goods;\n  (b) insure them; and\n  (c) if it may, sell them.\n\nThe end.";
    assert_eq!(
        found(text),
        [
            "obligation shall (Supplier)",
            "obligation shall (Supplier)",
            "permission may (-)"
        ]
    );
    let duties = duties(text);
    assert_eq!((duties[1].line, duties[1].kind), (3, Kind::Obligation));
    assert_eq!(duties[1].clause, "The Supplier shall: insure them; and");
}

#[test]
fn the_line_is_that_of_the_words() {
    let duties = duties("The Buyer\r\nof the goods\r\nmust pay.");
    assert_eq!(
        (duties[0].line, duties[0].actor.as_deref()),
        (3, Some("Buyer of the goods"))
    );
}

#[test]
fn any_text_is_fine() {
    for text in [
        "",
        "may",
        "May",
        "shall:",
        "must\u{a0}not",
        "müssen muß",
        &"you may and ".repeat(20_000),
    ] {
        let _ = found(text);
    }
}
