//! What became of the nodes in a run, laid over a drawing of their graph.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::exit::Stop;
use crate::format;
use crate::run_file::{Record, RunFile, Status};
use crate::terminal::clean_line;

use super::{Drawing, Panel, Ran};

/// How many names of a mismatch are told.
const MAX_NAMES: usize = 5;

/// The records of each node, by its panel and its place there.
type Records<'a> = HashMap<(usize, usize), Vec<&'a Record>>;

/// Lays `run`, read from what `name` names, over the drawing of its graph.
///
/// # Errors
/// When it is the run of another graph.
pub(crate) fn lay_over(drawing: &mut Drawing, run: &RunFile, name: &str) -> Result<(), Stop> {
    let mut records = Records::new();
    collect(drawing, 0, None, &run.nodes, &mut records).map_err(|message| {
        let stop = Stop::bad_input(format!("{name} is the result of another graph: {message}"));
        stop.hint("name the graph that was run, as it was then")
    })?;
    for ((panel, position), records) in records {
        let node = drawing
            .panels
            .get_mut(panel)
            .and_then(|panel| panel.nodes.get_mut(position));
        if let Some(node) = node {
            node.ran = summary(&records);
        }
    }
    let time = format::duration(run.duration());
    drawing.run = Some(format!("{} in {time}", clean_line(&run.status)));
    Ok(())
}

/// Finds the records of a panel's nodes and of those within.
fn collect<'a>(
    drawing: &Drawing,
    number: usize,
    path: Option<&str>,
    nodes: &'a BTreeMap<String, Record>,
    records: &mut Records<'a>,
) -> Result<(), String> {
    let Some(panel) = drawing.panels.get(number) else {
        return Ok(());
    };
    let path_of = |name: &str| path.map_or_else(|| name.to_owned(), |path| format!("{path}/{name}"));
    check_names(panel, nodes, &path_of)?;
    for (position, node) in panel.nodes.iter().enumerate() {
        let Some(record) = nodes.get(&node.name) else {
            continue;
        };
        records.entry((number, position)).or_default().push(record);
        if record.nodes.is_empty() {
            continue;
        }
        let path = path_of(&node.name);
        match node.inner {
            // No graph contains itself, so this ends.
            Some(inner) => collect(drawing, inner, Some(&path), &record.nodes, records)?,
            None => return Err(format!("there, the work of node `{path}` was a graph")),
        }
    }
    Ok(())
}

fn check_names(
    panel: &Panel,
    nodes: &BTreeMap<String, Record>,
    path_of: &dyn Fn(&str) -> String,
) -> Result<(), String> {
    let told = |names: Vec<&str>| {
        let names: Vec<String> = names
            .into_iter()
            .map(|name| format!("`{}`", format::shorten(&clean_line(&path_of(name)), 60)))
            .collect();
        format::list(names.iter().map(String::as_str), MAX_NAMES)
    };
    let own: HashSet<&str> = panel.nodes.iter().map(|node| node.name.as_str()).collect();
    let unknown: Vec<&str> = nodes
        .keys()
        .map(String::as_str)
        .filter(|name| !own.contains(name))
        .collect();
    if !unknown.is_empty() {
        return Err(format!("the graph has no node {}", told(unknown)));
    }
    let names = panel.nodes.iter().map(|node| node.name.as_str());
    let missing: Vec<&str> = names.filter(|name| !nodes.contains_key(*name)).collect();
    if !missing.is_empty() {
        return Err(format!("it tells nothing of node {}", told(missing)));
    }
    Ok(())
}

/// What became of a node: in one run of its graph, or in several together.
fn summary(records: &[&Record]) -> Option<Ran> {
    let status = records.iter().map(|record| record.status).max()?;
    let words = match records {
        [single] => single.words(),
        _ => {
            let mut counts: BTreeMap<Status, usize> = BTreeMap::new();
            for record in records {
                *counts.entry(record.status).or_default() += 1;
            }
            let counts: Vec<String> = counts
                .iter()
                .rev()
                .map(|(status, count)| format!("{count} {}", status.name()))
                .collect();
            let longest: Option<Duration> = records.iter().filter_map(|record| record.duration()).max();
            match longest {
                Some(longest) => format!("{}, at most {}", counts.join(", "), format::duration(longest)),
                None => counts.join(", "),
            }
        }
    };
    Some(Ran {
        status,
        words: clean_line(&words),
    })
}

#[cfg(test)]
mod tests {
    use super::super::drawing;
    use super::*;
    use crate::run_file::run_file;

    const GRAPH: &str = "
graphs: {g: {nodes: {in: {agent: 'x:in'}}}}
nodes: {a: {graph: g}, b: {graph: g}, c: {agent: 'x:c'}}";

    fn laid_over(nodes: &str) -> Result<Drawing, String> {
        let mut drawing = drawing(GRAPH);
        let run = run_file(&format!(
            r#"{{"status":"part\u001b[31mial","duration_us":1500,"agent_metadata":{{{nodes}}}}}"#
        ));
        let laid_over = lay_over(&mut drawing, &run, "`r.json`").map_err(|stop| stop.message);
        laid_over.map(|()| drawing)
    }

    #[test]
    fn a_graph_that_is_the_work_of_two_nodes_tells_of_both() {
        let inner = |status: &str, time: u32| {
            format!(
                r#"{{"status":"done","nodes":{{"in":{{"status":"{status}","start_us":1,"duration_us":{time}}}}}}}"#
            )
        };
        let drawing = laid_over(&format!(
            r#""a":{},"b":{},"c":{{"status":"skipped","reason":"not-taken"}}"#,
            inner("done", 2000),
            inner("failed", 3)
        ))
        .unwrap();
        let ran = |panel: usize, node: usize| drawing.panels[panel].nodes[node].ran.as_ref().unwrap();
        assert_eq!(ran(1, 0).words, "1 failed, 1 done, at most 2.0 ms");
        assert_eq!(ran(1, 0).status, Status::Failed);
        assert_eq!(ran(0, 2).words, "skipped: not taken");
        assert_eq!(drawing.run.as_deref(), Some("part [31mial in 1.5 ms"));
    }

    #[test]
    fn the_result_of_another_graph_is_refused() {
        let done = r#"{"status":"done"}"#;
        for (nodes, expected) in [
            (
                format!(r#""a":{done},"b":{done},"c":{done},"d\u001b[2J":{done}"#),
                "the graph has no node `d [2J`",
            ),
            (format!(r#""a":{done}"#), "it tells nothing of node `b`, `c`"),
            (
                format!(r#""a":{{"status":"done","nodes":{{"out":{done}}}}},"b":{done},"c":{done}"#),
                "the graph has no node `a/out`",
            ),
            (
                format!(r#""a":{done},"b":{done},"c":{{"status":"done","nodes":{{"x":{done}}}}}"#),
                "the work of node `c` was a graph",
            ),
        ] {
            let message = laid_over(&nodes).unwrap_err();
            assert!(
                message.starts_with("`r.json` is the result of another graph: "),
                "{message}"
            );
            assert!(message.contains(expected), "{message}");
        }
    }
}
