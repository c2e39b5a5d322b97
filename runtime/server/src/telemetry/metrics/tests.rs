//! The page about operating a server lists every metric, with its labels and what it tells.

use std::collections::BTreeMap;

use super::*;

/// Metrics of which each has one series.
fn filled() -> Metrics {
    let metrics = Metrics::new();
    metrics.request("GET", "/rpc", 200, Duration::ZERO);
    metrics.call("server/info", None, Duration::ZERO);
    let run = [
        ("kind", "graph".into()),
        ("name", "g".into()),
        ("status", "success".into()),
    ];
    metrics.runs.get_or_create(&run).inc();
    metrics
        .run_seconds
        .get_or_create(&label("kind", "graph"))
        .observe(1.0);
    for (counters, name) in [
        (&metrics.nodes, "status"),
        (&metrics.failures, "kind"),
        (&metrics.limits, "limit"),
        (&metrics.host_calls, "function"),
        (&metrics.breaker_changes, "state"),
        (&metrics.gauges.compile_cache, "result"),
        (&metrics.gauges.trace_exports, "result"),
    ] {
        counters.get_or_create(&label(name, "x")).inc();
    }
    let gauges = metrics.gauges();
    for (family, name) in [
        (&gauges.breakers, "state"),
        (&gauges.places, "kind"),
        (&gauges.places_taken, "kind"),
        (&gauges.waiting, "kind"),
        (&gauges.offered, "kind"),
        (&gauges.refused, "kind"),
    ] {
        Gauged::set(family, name, "x", 1);
    }
    metrics
}

#[test]
fn the_page_about_operations_has_every_metric() {
    let text = filled().text();
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, rest) = series.split_once('{').unwrap_or((series, ""));
        let names = rest
            .split("=\"")
            .filter_map(|part| part.rsplit(['{', ',', '"']).next());
        let names = names.filter(|name| !name.is_empty() && !["le", "}"].contains(name));
        let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
        for ending in ["_total", "_count", ""] {
            if let Some(name) = name.strip_suffix(ending) {
                labels.insert(name.to_owned(), names.join(", "));
            }
        }
    }
    let told = |word: &str| {
        let lines = text
            .lines()
            .filter_map(|line| line.strip_prefix(word)?.split_once(' '));
        lines
            .map(|(name, rest)| (name.to_owned(), rest.to_owned()))
            .collect::<BTreeMap<_, _>>()
    };
    let (helps, kinds) = (told("# HELP "), told("# TYPE "));
    let mut rows = String::new();
    for (name, help) in &helps {
        let ending = if kinds[name] == "counter" { "_total" } else { "" };
        rows.push_str(&format!(
            "| `{name}{ending}` | {} | {} | {help} |\n",
            kinds[name], labels[name]
        ));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.contains(&rows), "the table of metrics is\n{rows}");
    assert_eq!(page.matches("\n| `hap_").count(), helps.len());
}

#[test]
fn names_beyond_the_bound_are_told_as_one() {
    let metrics = Metrics::new();
    for number in 0..MAX_NAMES {
        assert_eq!(metrics.name(&format!("n{number}")), format!("n{number}"));
    }
    assert_eq!(metrics.name("one-more"), "other");
    assert_eq!(metrics.name("n7"), "n7");
}
