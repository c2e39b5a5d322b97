//! `cargo xtask test`: the whole suite, with everything it needs built first.

use anyhow::Result;

use crate::{agents, guest_toolchain, process, project::Project};

/// Builds the agents, tests the root workspace (doc tests included), then the example agents' own tests on
/// this machine. `arguments` are passed on to the first `cargo test`, such as `--package hap-engine` or a name.
pub(crate) fn run(project: &Project, arguments: &[String]) -> Result<()> {
    let toolchain = guest_toolchain::ensure(project)?;
    agents::build(project, &toolchain)?;

    let mut cargo = project.cargo("test");
    cargo.arg("--workspace").args(arguments);
    // Without it, a test that finds no component says so and passes, for people without a toolchain.
    cargo.env("HAP_REQUIRE_GUESTS", "1");
    process::run(&mut cargo)?;

    // With the development profile's checks of overflow and assertions, which the agents themselves go without.
    let mut cargo = project.cargo_in(&project.path("guest-examples"), &project.target("guests"), "test");
    cargo.args(["--workspace", "--tests"]);
    toolchain.set_compiler(&mut cargo);
    process::run(&mut cargo)
}
