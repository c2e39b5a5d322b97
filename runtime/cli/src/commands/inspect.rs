//! `hap inspect`: what a component says of itself, and what it could ever ask for.

use std::path::{Path, PathBuf};

use clap::Args;
use hap::{ComponentInfo, Json, Runtime, SandboxConfig};
use serde::Serialize;

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
    /// Tell what the component wants more, and less, than this earlier version of it
    #[arg(long, value_name = "OLD")]
    diff: Option<PathBuf>,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cache: CacheArgs,
}

/// What an earlier version of a component did not import, or did.
#[derive(Serialize)]
struct Difference<'a> {
    old: &'a ComponentInfo,
    new: &'a ComponentInfo,
    wants_more: Vec<&'a String>,
    wants_less: Vec<&'a String>,
}

/// Tells what the component is.
pub(crate) fn inspect(args: &InspectArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    check_file(&args.component)?;
    args.diff.iter().try_for_each(|old| check_file(old))?;
    let runtime = args.cache.runtime(Runtime::builder())?;
    let inspect = async |path: &PathBuf| runtime.inspect(path).await.map_err(|error| Stop::of(error, path));
    let (info, old) = super::block_on(async {
        let old = match &args.diff {
            Some(old) => Some(inspect(old).await?),
            None => None,
        };
        Ok((inspect(&args.component).await?, old))
    })?;
    let difference = old.as_ref().map(|old| Difference::of(old, &info));
    let printed = match &difference {
        Some(difference) if args.json => json(difference)?,
        Some(difference) => difference.text(),
        None if args.json => json(&info)?,
        None => text(&args.component.display().to_string(), &info),
    };
    terminal.print(&printed)?;
    Ok(Exit::Success)
}

fn json(value: &impl Serialize) -> Result<String, Stop> {
    let json = Json::from_value(value).map_err(|error| Stop::internal(error.to_string()))?;
    Ok(pretty::value(&json))
}

impl<'a> Difference<'a> {
    fn of(old: &'a ComponentInfo, new: &'a ComponentInfo) -> Difference<'a> {
        let missing = |from: &'a ComponentInfo, of: &'a ComponentInfo| {
            of.imports
                .iter()
                .filter(|import| !from.imports.contains(import))
                .collect()
        };
        Difference {
            wants_more: missing(old, new),
            wants_less: missing(new, old),
            old,
            new,
        }
    }

    fn text(&self) -> String {
        let title = |info: &ComponentInfo| {
            format!(
                "{} {} ({})",
                info.manifest.name, info.manifest.version, info.digest
            )
        };
        let mut lines = vec![
            format!("old  {}", title(self.old)),
            format!("new  {}", title(self.new)),
        ];
        for (sign, what, imports) in [
            ('+', "wants more", &self.wants_more),
            ('-', "wants less", &self.wants_less),
        ] {
            lines.push(format!(
                "{what}:{}",
                if imports.is_empty() { " nothing" } else { "" }
            ));
            lines.extend(
                imports
                    .iter()
                    .map(|import| format!("  {sign} {import}  {}", authority::words(import, None))),
            );
        }
        lines.join("\n")
    }
}

/// Tells files that need not be read to know that they are no components.
fn check_file(path: &Path) -> Result<(), Stop> {
    let shown = path.display();
    let metadata = path.metadata().map_err(|error| {
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
