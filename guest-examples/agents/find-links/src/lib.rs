//! Finds the hosts that a message links to, so that they can be blocked or reported.

use hap_guest::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A message.
#[derive(Deserialize, JsonSchema)]
pub struct Input {
    /// What it says.
    pub text: String,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
pub struct Output {
    /// The hosts, sorted, each once.
    pub hosts: BTreeSet<String>,
}

/// Finds the hosts that a message links to.
#[hap_guest::agent(read_only, idempotent)]
pub fn find_links(input: Input) -> Result<Output> {
    let links = input.text.split("://").zip(input.text.split("://").skip(1));
    let hosts = links.filter(|(before, _)| {
        before.to_ascii_lowercase().ends_with("http") || before.to_ascii_lowercase().ends_with("https")
    });
    let hosts = hosts.filter_map(|(_, link)| host(link)).collect();
    Ok(Output { hosts })
}

/// `a.example` of `user@A.example:8080/path`.
fn host(link: &str) -> Option<String> {
    let authority = link
        .split(|c: char| c.is_whitespace() || "/?#\"'<>()".contains(c))
        .next()?;
    let host = authority
        .rsplit('@')
        .next()?
        .split(':')
        .next()?
        .trim_end_matches(['.', ',', '!']);
    (!host.is_empty()).then(|| host.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::{Input, find_links};

    fn hosts(text: &str) -> Vec<String> {
        let output = find_links(Input {
            text: text.to_owned(),
        })
        .expect("any text is fine");
        output.hosts.into_iter().collect()
    }

    #[test]
    fn hosts_are_told_once_and_without_the_rest() {
        assert_eq!(
            hosts(
                "(https://B.example:80/x?y), http://bank.example@a.example. HTTP://b.example\nhttp://192.0.2.1/"
            ),
            ["192.0.2.1", "a.example", "b.example"]
        );
    }

    #[test]
    fn what_is_no_link_is_none() {
        for text in [
            "",
            "://",
            "http://",
            "ftp://a.example",
            "see http for ://b.example",
            "http:///x",
        ] {
            assert!(hosts(text).is_empty(), "{text}");
        }
    }
}
