//! `hap inspect`: what a component says of itself, and what it could ever ask for.

use std::path::PathBuf;

use clap::Args;
use hap::{ComponentInfo, Json, Runtime, SandboxConfig};

use crate::arguments::CacheArgs;
use crate::exit::{Exit, Stop};
use crate::terminal::{Terminal, clean_line};
use crate::{authority, format, pretty};

/// The arguments of `hap inspect`.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(crate) struct InspectArgs {
    /// The component, a `.wasm` file
    component: PathBuf,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cache: CacheArgs,
}

/// Tells what the component is.
pub(crate) fn inspect(args: &InspectArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    check_file(args)?;
    let runtime = args.cache.runtime(Runtime::builder())?;
    let info = super::block_on(async {
        runtime
            .inspect(&args.component)
            .await
            .map_err(|error| Stop::of(error, &args.component))
    })?;
    if args.json {
        let json = Json::from_value(&info).map_err(|error| Stop::internal(error.to_string()))?;
        terminal.print(&pretty::value(&json))?;
    } else {
        terminal.print(&text(&args.component.display().to_string(), &info))?;
    }
    Ok(Exit::Success)
}

/// Tells files that need not be read to know that they are no components.
fn check_file(args: &InspectArgs) -> Result<(), Stop> {
    let shown = args.component.display();
    let metadata = args.component.metadata().map_err(|error| {
        let stop = Stop::bad_input(format!("cannot read `{shown}`: {error}"));
        stop.hint("correct the path, or build the agent")
    })?;
    if !metadata.is_file() {
        return Err(Stop::bad_input(format!("`{shown}` is no file")).hint("name the file of a component"));
    }
    let (size, allowed) = (metadata.len(), SandboxConfig::default().max_component_bytes);
    if size > allowed {
        let stop = Stop::bad_input(format!(
            "`{shown}` is {size} bytes long, and a component may have {allowed}"
        ));
        return Err(stop.hint("build it in release mode and stripped"));
    }
    Ok(())
}

fn text(path: &str, info: &ComponentInfo) -> String {
    let manifest = &info.manifest;
    let hints = match (manifest.read_only, manifest.idempotent) {
        (true, true) => "says that it is read-only and idempotent",
        (true, false) => "says that it is read-only",
        (false, true) => "says that it is idempotent",
        (false, false) => "none",
    };
    let mut lines = vec![format!("{} {}", manifest.name, manifest.version)];
    if !manifest.description.trim().is_empty() {
        lines.push(clean_line(&manifest.description));
    }
    lines.push(String::new());
    lines.push(format!("file    {}", clean_line(path)));
    lines.push(format!("size    {}", format::bytes(info.size)));
    lines.push(format!("digest  {}", info.digest));
    lines.push(format!("hints   {hints}"));
    lines.push(String::new());
    lines.push("imports: all that it could ever ask for".to_owned());
    let width = info
        .imports
        .iter()
        .chain(&info.exports)
        .map(String::len)
        .max()
        .unwrap_or(0);
    for import in &info.imports {
        lines.push(format!("  {import:<width$}  {}", authority::words(import, None)));
    }
    if info.imports.is_empty() {
        lines.push("  none: it computes and nothing else".to_owned());
    }
    lines.push("exports".to_owned());
    lines.extend(info.exports.iter().map(|export| format!("  {export}")));
    schema(
        &mut lines,
        "context schema",
        manifest.context_schema.as_ref(),
        "any object",
    );
    schema(
        &mut lines,
        "output schema",
        manifest.output_schema.as_ref(),
        "any value",
    );
    lines.join("\n")
}

fn schema(lines: &mut Vec<String>, title: &str, schema: Option<&Json>, any: &str) {
    match schema {
        None => lines.push(format!("{title}: none given, {any}")),
        Some(schema) => {
            lines.push(title.to_owned());
            lines.extend(pretty::value(schema).lines().map(|line| format!("  {line}")));
        }
    }
}
