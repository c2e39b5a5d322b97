//! The process that compiles components for the tests of compilation. It leaves a line in the file that is its argument, so
//! that a test can count how often one was begun.

use std::fs::OpenOptions;
use std::io::Write as _;

fn main() -> std::process::ExitCode {
    if let Some(path) = std::env::args_os().nth(1) {
        let file = OpenOptions::new().create(true).append(true).open(path);
        if file.and_then(|mut file| file.write_all(b"begun\n")).is_err() {
            return std::process::ExitCode::FAILURE;
        }
    }
    hap::compile_child()
}
