//! A server under load loses nothing and keeps nothing. (What it costs is measured in a release build, with `cargo xtask bench`.)

use std::process::Command;

#[test]
fn a_server_in_a_storm_answers_every_run_once_and_is_calm_afterwards() {
    let output = Command::new(env!("CARGO_BIN_EXE_hap-load"))
        .args(["--seconds", "8", "--runs", "64"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
