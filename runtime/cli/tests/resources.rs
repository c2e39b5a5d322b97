//! Documents of a folder, on the command line.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use hap_hostile::wat_agent;

/// Reads the document of this name and answers with it.
fn reads(name: &str) -> Vec<u8> {
    let length = name.len();
    wat_agent(&format!(
        r#"
        (import "hap:agent/resources@0.1.0" "open" (func $open (param i32 i32 i32)))
        (import "hap:agent/resources@0.1.0" "[method]reader.read" (func $read (param i32 i32 i32)))
        (data (i32.const 4096) "{name}")
        (func (export "hap:agent/agent@0.1.0#invoke") (param i32 i32 i32 i32) (result i32)
          (call $open (i32.const 4096) (i32.const {length}) (i32.const 2048))
          (if (i32.load8_u (i32.const 2048)) (then
            (return (call $error (i32.const 2) (i32.const 4096) (i32.const {length})))))
          (call $read (i32.load (i32.const 2052)) (i32.const 1000) (i32.const 2064))
          (call $ok (i32.load offset=4 (i32.const 2064)) (i32.load offset=8 (i32.const 2064))))"#
    ))
    .unwrap()
}

fn hap(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_hap"))
        .current_dir(folder)
        .args(["run", "g.yaml", "--no-cache"])
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A graph whose agent reads a document, beside a folder of documents.
fn project(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.wasm"), reads(name)).unwrap();
    fs::write(
        folder.path().join("g.yaml"),
        "nodes: {a: {agent: a.wasm, grants: {resources: ['corpus/*']}}}\n",
    )
    .unwrap();
    fs::create_dir_all(folder.path().join("documents/corpus")).unwrap();
    fs::write(folder.path().join("documents/corpus/a"), r#"{"doc":"a"}"#).unwrap();
    fs::write(folder.path().join("documents/other"), r#"{"doc":"other"}"#).unwrap();
    fs::write(folder.path().join("secret"), r#"{"doc":"secret"}"#).unwrap();
    symlink("../../secret", folder.path().join("documents/corpus/link")).unwrap();
    symlink("../other", folder.path().join("documents/corpus/inner")).unwrap();
    folder
}

const DOCUMENTS: [&str; 4] = ["--resources", "documents", "--get", "doc"];

#[test]
fn an_agent_reads_what_the_graph_grants() {
    let folder = project("corpus/a");
    let (code, stdout, stderr) = hap(folder.path(), &DOCUMENTS);
    assert_eq!((code, stdout.as_str()), (0, "a\n"), "{stderr}");
    // Without the folder there is nothing to read.
    assert_eq!(hap(folder.path(), &["--get", "doc"]).0, 1);
}

#[test]
fn an_agent_gets_nothing_from_beyond_its_grants_or_the_folder() {
    for name in [
        "other",
        "corpus/link",
        "corpus/inner",
        "corpus/../other",
        "corpus/none",
    ] {
        let folder = project(name);
        let (code, stdout, stderr) = hap(folder.path(), &DOCUMENTS);
        assert_eq!((code, stdout.as_str()), (1, ""), "{name}: {stderr}");
        assert!(stderr.contains(&format!("node `a` failed: {name}")), "{stderr}");
    }
}

#[test]
fn what_is_no_folder_is_bad_input() {
    let folder = project("corpus/a");
    for (wrong, expected) in [
        ("nowhere", "No such file or directory"),
        ("secret", "Not a directory"),
    ] {
        let (code, _, stderr) = hap(folder.path(), &["--resources", wrong]);
        assert_eq!(code, 2, "{stderr}");
        for part in [
            &format!("cannot open `--resources {wrong}`: {expected}"),
            "hint: name a folder",
        ] {
            assert!(stderr.contains(part), "{stderr}");
        }
    }
}
