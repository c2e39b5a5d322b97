//! `hap torture`: runs hostile agents against this host while an honest graph runs beside them, and tells what held.

use std::time::Duration;

use clap::Args;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use hap::{ChildCompiler, Json};
use hap_hostile::{AttackResult, Latency, Options, Report};

use crate::exit::{Exit, Stop};
use crate::terminal::{Look, Terminal, clean_line};
use crate::{format, pretty};

/// How long the honest graph runs alone, to compare with.
const ALONE: Duration = Duration::from_secs(2);

/// What the processes that compile the attacks may use.
const COMPILE_TIME: Duration = Duration::from_secs(30);
const COMPILE_MEMORY_BYTES: u64 = 1 << 30;

/// The longest text of a cell.
const MAX_CELL_CHARS: usize = 60;

/// The arguments of `hap torture`.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(crate) struct TortureArgs {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Run this attack alone
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

/// Attacks this host.
pub(crate) fn torture(args: &TortureArgs, terminal: &Terminal) -> Result<Exit, Stop> {
    let program = ChildCompiler::this_program(["compile-component"])
        .map_err(|error| Stop::internal(format!("cannot find this program: {error}")))?;
    let options = Options {
        compiler: ChildCompiler {
            time: COMPILE_TIME,
            memory_bytes: COMPILE_MEMORY_BYTES,
            ..program
        },
        only: args.only.clone(),
        alone: ALONE,
    };
    let tell = |result: &AttackResult| {
        if terminal.is_watched() {
            tell_progress(terminal, result);
        }
    };
    let report = super::block_on(async {
        hap_hostile::run(options, tell)
            .await
            .map_err(|error| Stop::bad_input(format!("{error:#}")))
    })?;
    if args.json {
        let json = Json::from_value(&report).map_err(|error| Stop::internal(error.to_string()))?;
        terminal.print(&pretty::value(&json))?;
    } else {
        terminal.print(&text(&report))?;
    }
    let troubles = report.troubles();
    for trouble in &troubles {
        terminal.error(&clean_line(trouble), None);
    }
    Ok(if troubles.is_empty() {
        Exit::Success
    } else {
        Exit::Failed
    })
}

fn tell_progress(terminal: &Terminal, result: &AttackResult) {
    let mark = if result.contained {
        terminal.paint(Look::Good, "held")
    } else {
        terminal.paint(Look::Bad, "FAILED")
    };
    let time = format::duration(Duration::from_millis(result.duration_ms));
    terminal.tell(&format!("{mark} {}: {} ({time})", result.name, result.purpose));
}

fn text(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─')));
    table.set_header(["attack", "expected", "got", "time", "peak memory"]);
    for result in &report.attacks {
        let got = format::shorten(&clean_line(&result.got), MAX_CELL_CHARS);
        let got = if result.contained {
            got
        } else {
            format!("NOT CONTAINED: {got}")
        };
        table.add_row([
            result.name.to_owned(),
            result.expected.to_owned(),
            got,
            format::duration(Duration::from_millis(result.duration_ms)),
            memory(result.peak_memory_bytes),
        ]);
    }
    for column in 3..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let held = report.attacks.iter().filter(|result| result.contained).count();
    let rows: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!(
        "{}\n\n{held} of {} contained in {}\npeak memory of the host: {}, of {} allowed\nhonest graph alone: {}\n\
         honest graph beside the attacks: {}",
        rows.join("\n"),
        format::things(report.attacks.len(), "attack"),
        format::duration(Duration::from_millis(report.duration_ms)),
        memory(report.peak_memory_bytes),
        format::bytes(report.memory_bound_bytes),
        latency(&report.alone),
        latency(&report.beside),
    )
}

fn memory(bytes: Option<u64>) -> String {
    bytes.map_or("not known".to_owned(), format::bytes)
}

fn latency(latency: &Latency) -> String {
    let time = |micros| format::duration(Duration::from_micros(micros));
    format!(
        "{}, {} failed, p50 {}, p99 {}, slowest {}",
        format::things(latency.runs, "run"),
        latency.failed,
        time(latency.p50_us),
        time(latency.p99_us),
        time(latency.max_us)
    )
}
