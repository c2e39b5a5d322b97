//! The contract: it parses, and no change of it goes unnoticed.

use std::fs;

use hap_tests::{contract, root};

#[test]
fn the_contract_is_valid_wit() {
    let (resolve, package) = contract().unwrap();
    assert_eq!(resolve.packages[package].name.to_string(), "hap:agent@0.1.0");
    let interfaces: Vec<&str> = resolve.packages[package]
        .interfaces
        .keys()
        .map(String::as_str)
        .collect();
    for name in [
        "agent",
        "types",
        "run",
        "log",
        "progress",
        "resources",
        "identity",
    ] {
        assert!(interfaces.contains(&name), "{name}");
    }
    for interface in resolve.packages[package].interfaces.values() {
        let interface = &resolve.interfaces[*interface];
        let undocumented = interface
            .functions
            .values()
            .filter(|function| function.docs.is_empty());
        let names: Vec<&str> = undocumented.map(|function| function.name.as_str()).collect();
        // What a resource or a listing is stands on the resource and the interface.
        assert!(
            names.iter().all(|name| ["open"].contains(name)),
            "undocumented: {names:?}"
        );
    }
}

#[test]
fn every_change_of_the_contract_shows_here() {
    let mut files: Vec<_> = fs::read_dir(root().join("wit"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let code = |text: String| {
        let lines = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.trim_start().starts_with("///"));
        lines
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let all: Vec<String> = files
        .iter()
        .map(|file| code(fs::read_to_string(file).unwrap()))
        .collect();
    insta::assert_snapshot!(all.join("\n\n"));
}
