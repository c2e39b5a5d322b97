//! `hap build`: builds agent projects with the tools of their languages, and checks what came of it.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use futures_util::future::join_all;
use hap::{ComponentInfo, Json, Limit, Runtime};
use hap_project::{Build, Builder, Project, Trust, discover};
use serde::Serialize;

use crate::arguments::CacheArgs;
use crate::exit::{Exit, Stop};
use crate::projects::{self, Told};
use crate::signals::Signals;
use crate::terminal::{Terminal, clean_line};
use crate::{authority, format, pretty};

/// What compiling one component may take, where no other time is given: these are the user's own.
const COMPILE_TIME: Duration = Duration::from_secs(30 * 60);

/// The arguments of `hap build`.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(crate) struct BuildArgs {
    /// A project, or a folder of projects
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Build what is up to date too
    #[arg(long)]
    force: bool,
    /// How many projects are built at one time [default: one for each two processors]
    #[arg(long, short = 'j', value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// What one command may take, such as `10m` [default: 30m]
    #[arg(long, value_name = "TIME", value_parser = time)]
    max_time: Option<Duration>,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
    /// Tell what the commands print
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    cache: CacheArgs,
}

fn time(text: &str) -> Result<Duration, String> {
    Limit::WallTime.parse_value(text).map(Duration::from_millis)
}

/// What came of one project, as `--json` tells it.
#[derive(Serialize)]
struct Report {
    agent: String,
    language: String,
    folder: PathBuf,
    component: PathBuf,
    ok: bool,
    /// Whether the component was up to date, so that nothing was built.
    fresh: bool,
    build_ms: u64,
    /// What the component is, where it is an agent.
    component_info: Option<ComponentInfo>,
    /// What went wrong.
    error: Option<String>,
    hint: Option<String>,
    /// The end of what the command that failed printed.
    output: Option<String>,
}

/// Builds the projects.
pub(crate) fn build(args: &BuildArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    let found = discover(&args.folder).map_err(|error| projects::stop(&error))?;
    if let Some(trust) = Trust::of_user() {
        let trusted = found.iter().try_for_each(|project| trust.add(project));
        trusted.map_err(|error| projects::stop(&error))?;
    }
    let told = match (args.verbose, terminal.is_watched()) {
        (true, _) => Told::Everything,
        (false, true) => Told::Commands,
        (false, false) => Told::Nothing,
    };
    let builder = projects::builder(args.jobs, args.max_time, told, terminal);
    // Compiling the component here fills the cache, so that the first run need not wait for it.
    let runtime = args
        .cache
        .runtime(Runtime::builder().compile_time(args.max_time.unwrap_or(COMPILE_TIME)))?;
    let reports = super::block_on(async {
        let mut signals = Signals::take()?;
        let building = found
            .iter()
            .map(|project| args.report(project, &builder, &runtime, terminal));
        tokio::select! {
            reports = join_all(building) => Ok(reports),
            () = signals.next() => Err(Stop {
                exit: Exit::Cancelled,
                ..Stop::bad_input("cancelled before everything was built")
            }),
        }
    })?;
    if args.json {
        let json = Json::from_value(&reports).map_err(|error| Stop::internal(error.to_string()))?;
        terminal.print(&pretty::value(&json))?;
    } else {
        terminal.print(&table(&reports))?;
    }
    let all = reports.iter().all(|report| report.ok);
    Ok(if all { Exit::Success } else { Exit::Failed })
}

impl BuildArgs {
    /// Builds and checks one project. What goes wrong is told at once, with what the tools printed.
    async fn report(
        &self,
        project: &Project,
        builder: &Builder,
        runtime: &Runtime,
        terminal: &Terminal,
    ) -> Report {
        let mut report = Report {
            agent: project.name().to_owned(),
            language: project.manifest().agent.language.clone(),
            folder: project.folder().to_owned(),
            component: project.output(),
            ok: false,
            fresh: false,
            build_ms: 0,
            component_info: None,
            error: None,
            hint: None,
            output: None,
        };
        match builder.build(project, self.force).await {
            Ok(Build { fresh, time }) => {
                report.fresh = fresh;
                report.build_ms = time.as_millis() as u64;
                match checked(project, runtime).await {
                    Ok(info) => report.component_info = Some(info),
                    Err(stop) => (report.error, report.hint) = (Some(stop.message), stop.hint),
                }
            }
            Err(error) => {
                projects::tell_output(terminal, &error);
                report.output = error.output().map(str::to_owned);
                (report.error, report.hint) = (Some(error.to_string()), error.hint());
            }
        }
        report.ok = report.error.is_none();
        if let Some(error) = &report.error {
            terminal.error(error, report.hint.as_deref());
        }
        report
    }
}

/// Loads the component, which checks it against the contract, and compares what it says with `hap.toml`.
async fn checked(project: &Project, runtime: &Runtime) -> Result<ComponentInfo, Stop> {
    let output = project.output();
    let info = runtime.inspect(&output).await.map_err(|error| {
        let stop = Stop::of(error, &output);
        Stop {
            message: format!("agent `{}`: {}", project.name(), stop.message),
            ..stop
        }
    })?;
    let (name, says) = (project.name(), &info.manifest.name);
    if name != says {
        let stop = Stop::bad_input(format!(
            "agent `{name}`: the component says that its name is `{says}`"
        ));
        return Err(stop.hint("write the same name in `hap.toml` and where the agent's language has it"));
    }
    Ok(info)
}

fn table(reports: &[Report]) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─')));
    table.set_header(["agent", "language", "built", "size", "may ask for"]);
    for report in reports {
        let built = match (report.ok, report.fresh) {
            (false, _) => "FAILED".to_owned(),
            (true, true) => "up to date".to_owned(),
            (true, false) => format!("in {}", format::duration(Duration::from_millis(report.build_ms))),
        };
        let info = report.component_info.as_ref();
        let authority = info
            .map(|info| authority::short(&info.imports))
            .unwrap_or_default();
        table.add_row([
            clean_line(&report.agent),
            clean_line(&report.language),
            built,
            info.map(|info| format::bytes(info.size)).unwrap_or_default(),
            authority,
        ]);
    }
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
