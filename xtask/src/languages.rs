//! `cargo xtask languages`: tries the templates of `hap new`, builds the conformance agent of every SDK, checks it with
//! `hap conform`, and writes what was seen and measured into `docs/languages.md`. With `--check` it only checks, and compares nothing that depends on the
//! machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::project::Project;
use crate::{guest_toolchain, process, templates};

/// The page, and where in it the table stands.
const PAGE: &str = "docs/languages.md";
const BEGIN: &str = "<!-- Made by `cargo xtask languages`: do not edit by hand. -->\n";
const END: &str = "<!-- The end of what `cargo xtask languages` makes. -->\n";

/// The languages, in the table's order: that of the SDKs' folders, with the row's title.
const LANGUAGES: [(&str, &str); 4] = [
    ("rust", "Rust"),
    ("c", "C"),
    ("javascript", "JavaScript, TypeScript"),
    ("python", "Python"),
];

/// What came of one language.
struct Row {
    title: &'static str,
    build_ms: u64,
    report: Value,
}

/// Builds, checks, and writes the table unless only asked to check.
pub(crate) fn run(project: &Project, only_check: bool) -> Result<()> {
    let toolchain = guest_toolchain::ensure(project)?;
    let mut cargo = project.cargo("build");
    // Times of a build for development would say nothing.
    process::run(cargo.args(["--workspace", "--bin", "hap", "--release"]))?;
    templates::check(project, &toolchain)?;
    let mut rows = Vec::new();
    for (folder, title) in LANGUAGES {
        let place = project.path("guest-sdk").join(folder).join("conformance");
        if !place.join("hap.toml").is_file() {
            eprintln!("xtask: `{}` has no `hap.toml`: left out", place.display());
            continue;
        }
        let mut build = hap(project, &["build", "--force", "--json"], &place);
        toolchain.set_compiler(&mut build);
        let built: Value = json(&mut build)?;
        let build_ms = built[0]["build_ms"].as_u64().unwrap_or_default();
        ensure!(built[0]["ok"] == true, "`{}` cannot be built", place.display());
        let report = json(&mut hap(project, &["conform", "--measure", "--json"], &place))?;
        tell_failures(title, &report);
        rows.push(Row {
            title,
            build_ms,
            report,
        });
    }
    let failed: Vec<&str> = rows
        .iter()
        .filter(|row| count(&row.report, "failed") > 0)
        .map(|row| row.title)
        .collect();
    if !failed.is_empty() {
        bail!("these do not conform: {}", failed.join("; "));
    }
    if only_check {
        return Ok(());
    }
    let path = project.path(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read `{PAGE}`"))?;
    let page =
        replaced(&page, &table(&rows)).with_context(|| format!("`{PAGE}` has no place for the table"))?;
    fs::write(&path, page).with_context(|| format!("cannot write `{PAGE}`"))
}

fn hap(project: &Project, arguments: &[&str], place: &Path) -> std::process::Command {
    let program: PathBuf = project.target("release/hap");
    let mut command = project.command(&program.to_string_lossy());
    // One virtual environment for all that ask for the same.
    command
        .args(arguments)
        .arg(place)
        .env("HAP_TOOLS", project.target("guest-tools"));
    command
}

/// What a command printed as JSON. Its exit code says what the JSON says too, so it is not looked at.
fn json(command: &mut std::process::Command) -> Result<Value> {
    let shown = process::shown(command);
    eprintln!("xtask: {shown}");
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{shown}`"))?;
    serde_json::from_slice(&output.stdout).with_context(|| format!("`{shown}` printed no JSON"))
}

fn checks(report: &Value) -> impl Iterator<Item = &Value> {
    report["checks"].as_array().into_iter().flatten()
}

fn count(report: &Value, verdict: &str) -> usize {
    checks(report).filter(|check| check["verdict"] == verdict).count()
}

fn tell_failures(title: &str, report: &Value) {
    for check in checks(report).filter(|check| check["verdict"] == "failed") {
        eprintln!(
            "xtask: {title}: {}: {}",
            text(&check["name"]),
            text(&check["reason"])
        );
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The page with the table in its place.
fn replaced(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

/// The two tables: what each costs, and which checks it passes.
fn table(rows: &[Row]) -> String {
    let mut lines = vec![
        "| SDK | component | build | first load | load from the cache | a call | fuel of a call | memory |"
            .to_owned(),
        "|---|---:|---:|---:|---:|---:|---:|---:|".to_owned(),
    ];
    let rust = rows
        .first()
        .map(|row| row.report["measures"].clone())
        .unwrap_or_default();
    for row in rows {
        let measures = &row.report["measures"];
        let number = |key: &str| measures[key].as_u64().unwrap_or_default();
        let ratio = |key: &str| {
            let base = rust[key].as_u64().unwrap_or_default().max(1);
            format!(
                "{} ({:.1} ×)",
                time(number(key)),
                number(key) as f64 / base as f64
            )
        };
        lines.push(format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            row.title,
            bytes(number("component_bytes")),
            time(row.build_ms * 1000),
            time(number("first_load_us")),
            ratio("cached_load_us"),
            ratio("call_us"),
            number("fuel"),
            bytes(number("memory_bytes")),
        ));
    }
    lines.push(String::new());
    let titles: Vec<&str> = rows.iter().map(|row| row.title).collect();
    lines.push(format!("| check | what must be true | {} |", titles.join(" | ")));
    lines.push(format!("|---|---|{}", "---|".repeat(rows.len())));
    for check in rows.first().into_iter().flat_map(|row| checks(&row.report)) {
        let name = &check["name"];
        let verdicts = rows.iter().map(|row| {
            let found = checks(&row.report).find(|check| check["name"] == *name);
            match found.map(|check| text(&check["verdict"])) {
                Some("passed") => "yes",
                Some("not-offered") => "not offered",
                _ => "**no**",
            }
        });
        let verdicts: Vec<&str> = verdicts.collect();
        lines.push(format!(
            "| `{}` | {} | {} |",
            text(name),
            text(&check["claim"]),
            verdicts.join(" | ")
        ));
    }
    lines.join("\n") + "\n"
}

fn time(micros: u64) -> String {
    match micros {
        0..1000 => format!("{micros} µs"),
        1000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_stands_in_its_place_and_the_rest_stays() {
        let page = format!("before\n{BEGIN}old\n{END}after\n");
        assert_eq!(
            replaced(&page, "new\n").unwrap(),
            format!("before\n{BEGIN}\nnew\n\n{END}after\n")
        );
        assert!(replaced("no place", "new").is_none());
    }

    #[test]
    fn a_row_tells_ratios_to_the_first_language() {
        let row = |title, call_us: u64| Row {
            title,
            build_ms: 1500,
            report: json!({
                "measures": { "component_bytes": 2048, "first_load_us": 1, "cached_load_us": 10, "call_us": call_us,
                    "fuel": 7, "memory_bytes": 1 << 20 },
                "checks": [{ "name": "echo", "claim": "comes back", "verdict": "passed" }],
            }),
        };
        let table = table(&[row("Rust", 100), row("Python", 1500)]);
        assert!(
            table.contains("| Rust | 2 KiB | 1.5 s | 1 µs | 10 µs (1.0 ×) | 100 µs (1.0 ×) | 7 | 1.0 MiB |")
        );
        assert!(table.contains("1.5 ms (15.0 ×)"));
        assert!(table.contains("| `echo` | comes back | yes | yes |"));
    }
}
