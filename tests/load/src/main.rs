//! `hap-load`: loads a server over loopback and tells what it adds to the engine, and whether anything was lost.
//!
//! `hap-load [--seconds N] [--runs N]` prints a report as JSON and exits with 1 when something was lost or is left.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the report is what it prints"
)]

mod chaos;
mod child;
mod client;
mod measure;
mod process;
mod random;
mod scene;
mod served;
mod upheaval;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

/// How many callers there are at one time.
const CALLERS: u64 = 32;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["serve", folder] => {
            runtime.block_on(served::serve(Path::new(folder)))?;
            Ok(ExitCode::SUCCESS)
        }
        options => runtime.block_on(load(
            Duration::from_secs(option(options, "--seconds")?.unwrap_or(30)),
            option(options, "--runs")?.unwrap_or(4000) as usize,
        )),
    }
}

/// The number after an option.
fn option(options: &[&str], name: &str) -> Result<Option<u64>> {
    let at = options.iter().position(|option| *option == name);
    let value = at.and_then(|at| options.get(at + 1));
    value
        .map(|value| {
            value
                .parse()
                .with_context(|| format!("`{name} {value}` is no number"))
        })
        .transpose()
}

async fn load(time: Duration, runs: usize) -> Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    scene::write(folder.path())?;
    let mut child = child::Child::start(folder.path()).await?;
    let measured = measure::measure(&mut child, runs).await.context("measuring")?;
    eprintln!("measured; now the storm");
    let (storm, faults) = chaos::chaos(&mut child, time, CALLERS)
        .await
        .context("the storm")?
        .into_parts();
    let reloaded = upheaval::reload(&mut child, folder.path(), 20)
        .await
        .context("reloading")?;
    let drained = upheaval::drain(child).await.context("draining")?;
    let report = json!({"cost": measured, "storm": storm, "reload": reloaded, "drain": drained});
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
