//! What a message becomes, and that no mailbox is too odd.

use super::{SplitMailboxAgent, html};
use hap_guest::ErrorKind;
use hap_guest::testing::invoke;
use serde_json::{Value, json};

fn split(mailbox: &str) -> Vec<Value> {
    let output = invoke::<SplitMailboxAgent>(json!({ "mailbox": mailbox }), json!({}));
    let output = output.expect("it has messages");
    output["messages"]
        .as_array()
        .expect("messages are a list")
        .clone()
}

#[test]
fn messages_begin_with_from_after_a_blank_line() {
    let found = split(
        "From a Mon\nSubject: One\n\nHi\nFrom here on\n\n>From there\n>>From far\n\nFrom b Tue\nSubject: Two\n\nx\n",
    );
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["text"], "Hi\nFrom here on\n\nFrom there\n>From far");
    assert_eq!(
        (&found[1]["number"], &found[1]["subject"]),
        (&json!(2), &json!("Two"))
    );
}

#[test]
fn heads_are_unfolded_and_decoded() {
    let found = split(
        "From x\r\nFROM: =?utf-8?Q?J=C3=A9r=C3=B4me_?=\r\n =?utf-8?B?Qi4=?= <J@Example.ORG>\r\nSubject: =?x?y\r\n\r\n",
    );
    assert_eq!(
        found[0]["from"],
        json!({ "name": "Jérôme B.", "address": "j@example.org" })
    );
    assert_eq!(
        (&found[0]["subject"], &found[0]["text"]),
        (&json!("=?x?y"), &json!(""))
    );
    let bare = split("From x\nFrom: \"Doe, J.\" <j@a.example>\n\n\nFrom y\nFrom: k@a.example\n\n");
    assert_eq!(bare[0]["from"]["name"], "Doe, J.");
    assert_eq!(bare[1]["from"], json!({ "name": null, "address": "k@a.example" }));
}

#[test]
fn bodies_are_decoded() {
    for (head, body, text) in [
        (
            "text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable",
            "a=\nb =E2=82=AC =zz",
            "ab € =zz",
        ),
        (
            "text/plain; charset=\"ISO-8859-1\"\nContent-Transfer-Encoding: quoted-printable",
            "K=F6ln =92",
            "Köln ’",
        ),
        (
            "text/plain; charset=utf-8\nContent-Transfer-Encoding: base64",
            "0JTQvtCx\n0YDQuNC5",
            "Добрий",
        ),
        (
            "text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit",
            "Köln",
            "Köln",
        ),
        (
            "text/html",
            "<p>a &amp; b&nbsp;&#8211; <i>c</i></p>\n<p>d</p>",
            "a & b – c\n\nd",
        ),
    ] {
        let found = split(&format!("From x\nContent-Type: {head}\n\n{body}\n"));
        assert_eq!(found[0]["text"], text, "{head}");
    }
}

#[test]
fn plain_text_goes_before_html_and_files_are_named() {
    let found = split(concat!(
        "From x\nContent-Type: multipart/mixed;\n boundary=\"A\"\n\npreamble\n--A\n",
        "Content-Type: multipart/alternative; boundary=B\n\n--B\nContent-Type: text/plain\n\nplain\n",
        "--B\nContent-Type: text/html\n\n<b>rich</b>\n--B--\n",
        "--A\nContent-Type: image/png\nContent-Disposition: attachment; filename=\"a.png\"\n\nAAAA\n--A--\n",
    ));
    assert_eq!(
        (&found[0]["text"], &found[0]["attachments"]),
        (&json!("plain"), &json!(["a.png"]))
    );
}

#[test]
fn what_cannot_be_read_says_why() {
    let encrypted = split("From x\nContent-Type: application/pkcs7-mime\n\nAAAA\n");
    assert_eq!(encrypted[0]["text"], Value::Null);
    assert_eq!(
        encrypted[0]["unreadable"],
        "it has no text, only application/pkcs7-mime"
    );
    let odd = split(
        "From x\nContent-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: base64\n\n8A==\n",
    );
    assert_eq!(odd[0]["unreadable"], "its character set koi8-r is not known");
}

#[test]
fn programs_are_told_from_people() {
    assert_eq!(
        split("From x\nAuto-Submitted: auto-replied\n\n")[0]["automatic"],
        true
    );
    assert_eq!(split("From x\nAuto-Submitted: no\n\n")[0]["automatic"], false);
}

#[test]
fn html_is_text_with_links() {
    let page = "<head><title>T</title></head><style>p{}</style>One<br/>two <a href='http://a.example/x'>three</a>.<script>x";
    assert_eq!(html::text(page), "One\ntwo three (http://a.example/x).");
}

#[test]
fn no_messages_is_told_and_any_text_is_fine() {
    for text in ["", "hello", "\u{feff}\n\n"] {
        let error = invoke::<SplitMailboxAgent>(json!({ "mailbox": text }), json!({})).expect_err("none");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    let deep = "Content-Type: multipart/mixed; boundary=A\n\n--A\n".repeat(100);
    for part in [
        deep.as_str(),
        "Content-Type: multipart/mixed\n\nx",
        "Content-Type: text/html\n\n<",
        "Content-Type: text/html\n\n<a href=>&#xfffffff;&",
        "Content-Transfer-Encoding: quoted-printable\n\n=\u{e4}=",
        " folded\n: \n=?",
    ] {
        assert_eq!(split(&format!("From x\n{part}")).len(), 1, "{part}");
    }
}
