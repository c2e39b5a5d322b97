//! `hap conform`: checks that an agent follows the contract.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use comfy_table::{LineStyle, Table, TableStyle};
use hap::{Json, Runtime};
use hap_conform::{Check, ConformError, Measures, Options, Report, Verdict};
use hap_project::{Project, is_project};
use serde_json::Value;

use crate::arguments::CacheArgs;
use crate::exit::{Exit, Stop};
use crate::signals::Signals;
use crate::terminal::{Look, Terminal, clean_line};
use crate::{format, pretty, projects};

/// The longest text of a cell.
const MAX_CELL_CHARS: usize = 70;

/// What compiling the component may take.
const COMPILE_TIME: Duration = Duration::from_secs(30 * 60);

/// The arguments of `hap conform`.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(crate) struct ConformArgs {
    /// The component, or the folder of a project that was built
    component: PathBuf,
    /// A context that the agent can work with, a JSON object [default: made from its schema]
    #[arg(long, short, value_name = "JSON", value_parser = object)]
    input: Option<Value>,
    /// The node's params, a JSON object
    #[arg(long, value_name = "JSON", value_parser = object)]
    params: Option<Value>,
    /// Run only the checks whose names contain this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Measure sizes and times too
    #[arg(long)]
    measure: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    cache: CacheArgs,
}

fn object(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err("it must be a JSON object, such as {\"text\": \"…\"}".to_owned())
    }
}

/// Checks the component.
pub(crate) fn conform(args: &ConformArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    let component = args.component()?;
    let runtime = args
        .cache
        .runtime(Runtime::builder().compile_time(COMPILE_TIME))?;
    let options = Options {
        context: args.input.clone(),
        params: args.params.clone(),
        only: args.only.clone(),
        measure: args.measure,
    };
    let tell = |check: &Check| {
        if terminal.is_watched() {
            tell_check(terminal, check);
        }
    };
    let report = super::block_on(async {
        let mut signals = Signals::take()?;
        tokio::select! {
            report = hap_conform::check(&runtime, &component, &options, tell) => report.map_err(|error| match error {
                ConformError::Component(error) => Stop::of(error, &component),
                error => Stop::internal(error.to_string()),
            }),
            () = signals.next() => Err(Stop {
                exit: Exit::Cancelled,
                ..Stop::bad_input("cancelled before all checks were made")
            }),
        }
    })?;
    if report.checks.is_empty() {
        let stop = Stop::bad_input("no check has such a name");
        return Err(stop.hint("run `hap conform` without `--only` to see their names"));
    }
    if args.json {
        let json = Json::from_value(&report).map_err(|error| Stop::internal(error.to_string()))?;
        terminal.print(&pretty::value(&json))?;
    } else {
        terminal.print(&text(&report))?;
    }
    let (_, _, failed) = report.counts();
    Ok(if failed == 0 { Exit::Success } else { Exit::Failed })
}

impl ConformArgs {
    fn component(&self) -> Result<PathBuf, Stop> {
        if !self.component.is_dir() {
            return Ok(self.component.clone());
        }
        let project = Project::open(&self.component).map_err(|error| projects::stop(&error))?;
        let output = project.output();
        if is_project(&self.component) && output.is_file() {
            return Ok(output);
        }
        let stop = Stop::bad_input(format!("agent `{}` has not been built", project.name()));
        Err(stop.hint(format!("run `hap build {}`", self.component.display())))
    }
}

fn tell_check(terminal: &Terminal, check: &Check) {
    let mark = match &check.verdict {
        Verdict::Passed { .. } => terminal.paint(Look::Good, "passed"),
        Verdict::NotOffered => terminal.paint(Look::Dim, "not offered"),
        Verdict::Failed { .. } => terminal.paint(Look::Bad, "FAILED"),
    };
    terminal.tell(&format!("{mark} {}", check.name));
}

fn text(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─')));
    table.set_header(["check", "what must be true", "result"]);
    let mut failures = Vec::new();
    for check in &report.checks {
        let result = match &check.verdict {
            Verdict::Passed { seen } if seen.is_empty() => "passed".to_owned(),
            Verdict::Passed { seen } => format!("passed: {}", clean_line(seen)),
            Verdict::NotOffered => "not offered".to_owned(),
            Verdict::Failed { reason } => {
                failures.push(format!("{}: {}", check.name, clean_line(reason)));
                "FAILED".to_owned()
            }
        };
        table.add_row([
            check.name.to_owned(),
            check.claim.to_owned(),
            format::shorten(&result, MAX_CELL_CHARS),
        ]);
    }
    let mut lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let (passed, not_offered, failed) = report.counts();
    lines.push(String::new());
    lines.push(format!(
        "{}: {passed} passed, {not_offered} not offered, {failed} failed",
        clean_line(&report.agent)
    ));
    if let Some(measures) = &report.measures {
        lines.push(measured(measures));
    }
    lines.extend(failures.into_iter().map(|failure| format!("FAILED {failure}")));
    lines.join("\n")
}

fn measured(measures: &Measures) -> String {
    let time = |micros| format::duration(Duration::from_micros(micros));
    format!(
        "size {}, first load {}, load from the cache {}, call {}, fuel {}, memory {}",
        format::bytes(measures.component_bytes),
        time(measures.first_load_us),
        time(measures.cached_load_us),
        time(measures.call_us),
        format::count(measures.fuel),
        format::bytes(measures.memory_bytes),
    )
}
