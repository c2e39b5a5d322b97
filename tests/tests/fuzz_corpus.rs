//! The properties that are fuzzed, on stable Rust and everywhere: over every file of the corpora and of the regressions
//! in `tests/fuzz/`, and over inputs made from these for a bounded time. libFuzzer finds more (`tests/fuzz/README.md`);
//! what it found is kept here.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

#[expect(
    unreachable_pub,
    reason = "a library in the workspace of the fuzz targets, a module here"
)]
#[path = "../fuzz/src/lib.rs"]
mod properties;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use properties::mutate::Mutator;

/// How long each property is tried on new inputs; `HAP_FUZZ_SECONDS` sets another time.
const SECONDS: u64 = 5;

/// The longest input that is made up.
const MAX_BYTES: usize = 4 << 10;

/// The files of one target's folder, in one order on every machine; none where there is no folder.
fn files(kind: &str, target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz")
        .join(kind)
        .join(target);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap();
        (path, bytes)
    };
    paths.into_iter().map(read).collect()
}

fn property(target: &str) -> fn(&[u8]) {
    let mut targets = properties::TARGETS.into_iter();
    targets.find(|(name, _)| *name == target).unwrap().1
}

/// Says which input it was before the panic goes on.
fn check(property: fn(&[u8]), input: &[u8], name: &dyn Fn() -> String) {
    let held = std::panic::catch_unwind(|| property(input));
    assert!(held.is_ok(), "the property does not hold for {}", name());
}

fn holds(target: &str) {
    let property = property(target);
    let corpus = files("corpus", target);
    assert!(corpus.len() >= 10, "the corpus of `{target}` is not there");
    let regressions = files("regressions", target);
    for (path, input) in corpus.iter().chain(&regressions) {
        check(property, input, &|| path.display().to_string());
    }
    let given = std::env::var("HAP_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let end = Instant::now() + Duration::from_secs(given.unwrap_or(SECONDS));
    let inputs: Vec<Vec<u8>> = corpus
        .into_iter()
        .chain(regressions)
        .map(|(_, input)| input)
        .collect();
    let mut mutator = Mutator::new(20_261_120);
    while Instant::now() < end {
        let input = mutator.next(&inputs, MAX_BYTES);
        check(property, &input, &|| kept(target, &input));
    }
}

/// Writes an input that breaks a property to a file, to be added to the regressions.
fn kept(target: &str, input: &[u8]) -> String {
    let digest = hap_sandbox::digest(input).hex();
    let name = format!("{target}-{}", digest.get(..16).unwrap_or_default());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, input).unwrap();
    path.display().to_string()
}

#[test]
fn graph_files_are_read_in_bounded_time_and_planned_as_written() {
    holds("graph_file");
}

#[test]
fn json_is_what_the_standard_says_and_survives_the_context() {
    holds("json");
}

#[test]
fn names_never_lead_outside() {
    holds("entrypoint");
}

#[test]
fn components_of_strangers_are_refused_or_answer_within_their_budget() {
    holds("component");
}

#[test]
fn every_folder_of_inputs_belongs_to_a_property() {
    for kind in ["corpus", "regressions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(kind);
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let known = properties::TARGETS.iter().any(|(target, _)| name == *target);
            assert!(known, "{} is no target's", entry.path().display());
        }
    }
}
