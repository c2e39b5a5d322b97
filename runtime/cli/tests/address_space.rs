//! The command where address space is limited.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use hap_hostile::{ECHO, wat_agent};

/// Runs the command with 40 GiB of address space.
fn hap(folder: &Path, arguments: &str) -> (i32, String, String) {
    let command = format!("ulimit -v 41943040 && exec \"$0\" {arguments}");
    let output = Command::new("sh")
        .current_dir(folder)
        .args(["-c", &command, env!("CARGO_BIN_EXE_hap")])
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn few_instances_fit_where_many_do_not() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.wasm"), wat_agent(ECHO).unwrap()).unwrap();
    let nodes: String = (0..5)
        .map(|n| format!("  n{n}: {{agent: a.wasm, reads: [k]}}\n"))
        .collect();
    fs::write(folder.path().join("g.yaml"), format!("nodes:\n{nodes}")).unwrap();
    let (code, _, stderr) = hap(folder.path(), "run g.yaml --no-cache");
    assert_eq!(code, 4, "{stderr}");
    assert!(
        stderr.contains("cannot start on this host")
            && stderr.contains("hint: where address space is limited"),
        "{stderr}"
    );
    // More nodes are ready than may run at one time: they wait for each other.
    let run = "run g.yaml --no-cache --max-instances 1 --set k=1 --get k";
    let (code, stdout, stderr) = hap(folder.path(), run);
    assert_eq!((code, stdout.as_str()), (0, "1\n"), "{stderr}");
    for command in [
        "check g.yaml --no-cache --max-instances 2",
        "inspect a.wasm --no-cache --max-instances 2",
    ] {
        let (code, _, stderr) = hap(folder.path(), command);
        assert_eq!(code, 0, "{stderr}");
    }
}
