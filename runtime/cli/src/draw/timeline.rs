//! A run as a picture of its time: one bar a node, from its start to its end, and the nodes of its graph below it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use crate::format;
use crate::run_file::{Record, RunFile, Status};
use crate::terminal::clean_line;

use super::svg::style::{self, AGENT, MARK, escape, tooltip};

/// The most rows: of larger runs, those that took longest.
const MAX_ROWS: usize = 500;

const MARGIN: f64 = 20.0;
const ROW: f64 = 22.0;
const BAR: f64 = 14.0;
const HEADER: f64 = 58.0;

/// How wide the time is, in pixels.
const PLOT: f64 = 640.0;

/// How far the nodes of a graph stand in from the node whose work it is, and how often.
const INDENT: f64 = 12.0;
const MAX_INDENTS: usize = 8;

/// The longest name.
const MAX_NAME: usize = 30;

/// How many marks the axis has at most.
const MAX_TICKS: f64 = 8.0;

/// One node.
struct Row<'a> {
    depth: usize,
    name: String,
    path: String,
    record: &'a Record,
}

/// Draws the run as an SVG picture. `title` names its graph.
pub(crate) fn timeline(title: &str, run: &RunFile) -> String {
    let mut rows = Vec::new();
    collect(&run.nodes, 0, "", &mut rows);
    let counts = counts(&rows);
    let (rows, left_out) = choose(rows);
    let end = rows.iter().filter_map(|row| end(row.record)).max();
    let whole = run
        .duration()
        .max(end.unwrap_or_default())
        .max(Duration::from_micros(1));
    let names = rows
        .iter()
        .map(|row| indent(row) + style::width(&row.name, AGENT))
        .fold(60.0, f64::max)
        .ceil();
    let words = rows
        .iter()
        .map(|row| style::width(&row.record.words(), MARK))
        .fold(60.0, f64::max)
        .ceil();
    let plot = MARGIN + names + 12.0;
    let size = (
        plot + PLOT + 10.0 + words + MARGIN,
        MARGIN + HEADER + ROW * (rows.len() + usize::from(left_out > 0)) as f64 + MARGIN,
    );
    let told = format!(
        "{title}: {} in {}",
        clean_line(&run.status),
        format::duration(run.duration())
    );
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<text class=\"name\" x=\"{MARGIN}\" y=\"{:.1}\">{}</text>",
        MARGIN + 10.0,
        escape(&style::shorten(&told))
    );
    push_legend(&mut out, &counts);
    let scale = PLOT / whole.as_secs_f64();
    push_axis(&mut out, whole, plot, size.1 - MARGIN);
    let mut y = MARGIN + HEADER;
    for row in &rows {
        push_row(&mut out, row, y, plot, scale);
        y += ROW;
    }
    if left_out > 0 {
        let _ = writeln!(
            out,
            "<text class=\"agent\" x=\"{MARGIN}\" y=\"{:.1}\">… and {} that took less time</text>",
            y + 15.0,
            format::things(left_out, "node")
        );
    }
    style::document(&told, size, &out)
}

/// The nodes in the order in which they began, each followed by those of its graph; those that did not begin come last.
fn collect<'a>(nodes: &'a BTreeMap<String, Record>, depth: usize, path: &str, rows: &mut Vec<Row<'a>>) {
    let mut sorted: Vec<(&String, &Record)> = nodes.iter().collect();
    sorted.sort_by_key(|(name, record)| (record.start().is_none(), record.start(), *name));
    for (name, record) in sorted {
        let name = clean_line(name);
        let own = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}/{name}")
        };
        rows.push(Row {
            depth,
            name: format::shorten(&name, MAX_NAME),
            path: own.clone(),
            record,
        });
        // The depth of a result is bounded by what is read as JSON.
        collect(&record.nodes, depth + 1, &own, rows);
    }
}

/// How many nodes ended how.
fn counts(rows: &[Row<'_>]) -> BTreeMap<Status, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row.record.status).or_default() += 1;
    }
    counts
}

/// All rows, or those of the nodes that took longest; and how many are left out.
fn choose(rows: Vec<Row<'_>>) -> (Vec<Row<'_>>, usize) {
    let left_out = rows.len().saturating_sub(MAX_ROWS);
    if left_out == 0 {
        return (rows, 0);
    }
    let mut kept: Vec<(usize, Row<'_>)> = rows.into_iter().enumerate().collect();
    // A node takes no less time than the nodes of its graph, and stands before them.
    kept.sort_by_key(|(place, row)| (std::cmp::Reverse(row.record.duration()), *place));
    kept.truncate(MAX_ROWS);
    kept.sort_by_key(|(place, _)| *place);
    (kept.into_iter().map(|(_, row)| row).collect(), left_out)
}

fn end(record: &Record) -> Option<Duration> {
    Some(
        record
            .start()?
            .saturating_add(record.duration().unwrap_or_default()),
    )
}

fn indent(row: &Row<'_>) -> f64 {
    INDENT * row.depth.min(MAX_INDENTS) as f64
}

/// Which colour means what, and how often it stands.
fn push_legend(out: &mut String, counts: &BTreeMap<Status, usize>) {
    let (mut x, y) = (MARGIN, MARGIN + 20.0);
    for (status, count) in counts.iter().rev() {
        let words = format!("{count} {}", status.name());
        let _ = writeln!(
            out,
            "<g class=\"{}\"><rect class=\"box\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"10\" height=\"10\" rx=\"2\"/>\
             <text class=\"agent\" x=\"{:.1}\" y=\"{:.1}\">{words}</text></g>",
            status.name(),
            x + 15.0,
            y + 9.0
        );
        x += 15.0 + style::width(&words, AGENT) + 16.0;
    }
}

/// A line and its time at round numbers.
fn push_axis(out: &mut String, whole: Duration, plot: f64, bottom: f64) {
    let seconds = whole.as_secs_f64();
    let step = step(seconds);
    let mut number = 0.0;
    while number * step <= seconds {
        let time = number * step;
        let x = plot + PLOT * time / seconds;
        let label = match number {
            0.0 => "0".to_owned(),
            _ => format::duration(Duration::try_from_secs_f64(time).unwrap_or(whole)),
        };
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{x:.1} {:.1} V{bottom:.1}\"/>\
             <text class=\"label\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{label}</text>",
            MARGIN + HEADER - 6.0,
            MARGIN + HEADER - 10.0
        );
        number += 1.0;
    }
}

/// A round number of seconds of which there are few in `seconds`.
fn step(seconds: f64) -> f64 {
    let least = seconds / MAX_TICKS;
    let power = 10f64.powf(least.log10().floor());
    let round = [1.0, 2.0, 5.0].map(|digit| digit * power);
    round
        .into_iter()
        .find(|step| *step >= least)
        .unwrap_or(10.0 * power)
}

fn push_row(out: &mut String, row: &Row<'_>, y: f64, plot: f64, scale: f64) {
    let record = row.record;
    let words = record.words();
    let mut words_at = plot + 4.0;
    let mut bar = String::new();
    if let (Some(start), Some(end)) = (record.start(), end(record)) {
        let left = plot + start.as_secs_f64() * scale;
        let width = ((end - start).as_secs_f64() * scale).max(2.0);
        words_at = left + width + 6.0;
        bar = format!(
            "<rect class=\"box\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"3\"/>",
            y + (ROW - BAR) / 2.0
        );
    }
    let since = record
        .start()
        .map(|start| format!(", from {}", format::duration(start)));
    let _ = writeln!(
        out,
        "<g class=\"{}\"><title>{}</title>{bar}<text class=\"agent\" x=\"{:.1}\" y=\"{:.1}\">{}</text>\
         <text class=\"mark\" x=\"{words_at:.1}\" y=\"{:.1}\">{}</text></g>",
        record.status.name(),
        tooltip(&format!("{}: {words}{}", row.path, since.unwrap_or_default())),
        MARGIN + indent(row),
        y + 15.0,
        escape(&row.name),
        y + 14.5,
        escape(&clean_line(&words))
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_file::run_file;

    #[test]
    fn every_node_has_a_bar_where_it_ran_and_those_of_its_graph_stand_below_it() {
        let run = run_file(
            r#"{"status":"partial","duration_us":1000000,"agent_metadata":{
                "b":{"status":"done","start_us":500000,"duration_us":500000,"attempts":3},
                "a":{"status":"degraded","replaced_by":"within","start_us":0,"duration_us":500000,"nodes":{
                    "in<script>":{"status":"failed","failure":{"kind":"trap"},"start_us":0,"duration_us":250000}}},
                "c":{"status":"skipped","reason":"not-taken"}}}"#,
        );
        let svg = timeline("G & H", &run);
        let names: Vec<usize> = [">a</text>", ">in&lt;script&gt;</text>", ">b</text>", ">c</text>"]
            .iter()
            .map(|name| svg.find(name).unwrap())
            .collect();
        assert!(names.is_sorted(), "{svg}");
        for part in [
            "<title>G &amp; H: partial in 1.00 s</title>",
            "<g class=\"degraded\"><title>a: degraded (within) 500.0 ms, from 0 µs</title><rect class=\"box\"",
            ">done 500.0 ms, 3 attempts</text>",
            "<title>a/in&lt;script&gt;: failed (trap) 250.0 ms, from 0 µs</title>",
            ">200.0 ms</text>",
            ">1.00 s</text>",
            ">skipped: not taken</text>",
        ] {
            assert!(svg.contains(part), "{part} is missing in {svg}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{svg}");
    }

    #[test]
    fn of_a_large_run_the_longest_are_shown_and_absurd_times_do_no_harm() {
        let nodes: Vec<String> = (0..1500)
            .map(|n| format!(r#""n{n}":{{"status":"done","start_us":1,"duration_us":{n}}}"#))
            .collect();
        let svg = timeline(
            "g",
            &run_file(&format!(
                r#"{{"status":"success","duration_us":9,"agent_metadata":{{{}}}}}"#,
                nodes.join(",")
            )),
        );
        assert!(svg.contains("… and 1000 nodes that took less time"));
        assert!(svg.contains(">n1499<") && svg.contains(">n1000<") && !svg.contains(">n999<"));
        let max = u64::MAX;
        let absurd = run_file(&format!(
            r#"{{"status":"x","duration_us":{max},"agent_metadata":{{"a":{{"status":"done","start_us":{max},"duration_us":{max}}}}}}}"#
        ));
        let svg = timeline("g", &absurd);
        assert!(
            !svg.contains("NaN") && svg.matches("class=\"grid\"").count() < 12,
            "{svg}"
        );
        let none = run_file(r#"{"status":"x","duration_us":0,"agent_metadata":{}}"#);
        assert!(timeline("g", &none).ends_with("</svg>"));
    }
}
