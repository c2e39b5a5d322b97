//! `hap new`: makes an agent project.

use std::path::PathBuf;

use clap::Args;
use hap_project::{Template, Trust, create};

use crate::exit::{Exit, Stop};
use crate::projects;
use crate::terminal::Terminal;

/// The arguments of `hap new`.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(crate) struct NewArgs {
    /// The agent's name, or a path that ends in it: the folder that is made
    name: PathBuf,
    /// The language: rust, python, javascript, typescript, c, …
    #[arg(long, value_name = "LANGUAGE")]
    lang: String,
}

/// Makes the project.
pub(crate) fn new(args: &NewArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    let template = Template::find(&args.lang).map_err(|error| projects::not_made(&error))?;
    let name = args
        .name
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let project = create(&args.name, &name, template).map_err(|error| projects::not_made(&error))?;
    // Its commands come from this program, so the user need not be asked before they run.
    if let Some(trust) = Trust::of_user() {
        trust.add(&project).map_err(|error| projects::stop(&error))?;
    }
    let folder = args.name.display();
    terminal.tell(&format!(
        "made `{folder}`\n  hap build {folder}\n  hap run {folder}/graph.yaml --set text='the cat and the dog'"
    ));
    Ok(Exit::Success)
}
