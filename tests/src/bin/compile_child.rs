//! The process that compiles components for the tests of compilation.

fn main() -> std::process::ExitCode {
    hap::compile_child()
}
