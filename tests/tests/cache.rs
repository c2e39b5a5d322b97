//! Compiled components on disk: kept, shared, and never trusted when somebody touched them.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hap::{Graph, RunStatus, Runtime};
use hap_tests::{ECHO, folder_of, wat_agent};

fn run(cache: &Path) -> (RunStatus, Option<String>) {
    let folder = folder_of(&[("a", wat_agent(ECHO).unwrap())]).unwrap();
    let runtime = Runtime::builder().cache_dir(cache).build().unwrap();
    let source = folder.path().join("g.yaml").display().to_string();
    let graph = Graph::from_text(&source, "nodes: {a: {agent: a.wasm}}").unwrap();
    let trouble = runtime.cache_trouble().map(ToString::to_string);
    (runtime.run_blocking(&graph, "{}").unwrap().status, trouble)
}

fn entries(cache: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.extension().is_some_and(|extension| extension == "compiled"))
        .collect()
}

#[test]
fn a_component_is_compiled_once_and_kept_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("deep/cache");
    assert_eq!(run(&cache), (RunStatus::Success, None));
    let entry = entries(&cache).pop().unwrap();
    let first = fs::read(&entry).unwrap();
    let made = fs::metadata(&entry).unwrap().created().ok();
    assert_eq!(run(&cache), (RunStatus::Success, None));
    assert_eq!((entries(&cache).len(), fs::read(&entry).unwrap()), (1, first));
    assert_eq!(
        fs::metadata(&entry).unwrap().created().ok(),
        made,
        "it was not written again"
    );
    assert_eq!(fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(&entry).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_tampered_entry_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    run(&cache);
    let entry = entries(&cache).pop().unwrap();
    let good = fs::read(&entry).unwrap();
    for position in [0, 40, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[position] ^= 0x20;
        fs::write(&entry, bad).unwrap();
        assert_eq!(run(&cache), (RunStatus::Success, None));
        assert_eq!(fs::read(&entry).unwrap(), good, "the entry is whole again");
    }
}

#[test]
fn the_folder_is_held_to_the_bound_of_the_builder() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    run(&cache);
    let kept = entries(&cache).pop().unwrap();
    let size = fs::metadata(&kept).unwrap().len();
    let load = |max: u64, agent: &str| {
        let agents = folder_of(&[("a", wat_agent(agent).unwrap())]).unwrap();
        let source = agents.path().join("g.yaml").display().to_string();
        let graph = Graph::from_text(&source, "nodes: {a: {agent: a.wasm}}").unwrap();
        let builder = Runtime::builder().cache_dir(&cache).max_cache_bytes(max);
        builder.build().unwrap().run_blocking(&graph, "{}").unwrap();
    };
    let other = |name: &str| format!("{ECHO}\n(func ${name})");
    load(size * 3, &other("second"));
    assert_eq!(entries(&cache).len(), 2);
    // Not enough for one more: those that were used longest ago are gone.
    load(size * 3 / 2, &other("third"));
    assert_eq!(entries(&cache).len(), 1);
    assert!(!kept.exists());
}

#[test]
fn an_entry_of_another_wasmtime_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    run(&cache);
    let entry = entries(&cache).pop().unwrap();
    // Another version or setting has another name behind the digest.
    let name = entry.file_name().unwrap().to_string_lossy().into_owned();
    let digest = name.split('-').next().unwrap();
    let other = cache.join(format!("{digest}-0000000000000000.compiled"));
    fs::rename(&entry, &other).unwrap();
    assert_eq!(run(&cache), (RunStatus::Success, None));
    assert_eq!(entries(&cache).len(), 2);
}

#[test]
fn a_cache_that_others_can_write_is_not_used_and_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    run(&cache);
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
    let (status, trouble) = run(&cache);
    assert_eq!(status, RunStatus::Success);
    assert!(trouble.unwrap().contains("mode is 777"));
}

#[test]
fn several_processes_can_share_a_cache() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..6).map(|_| scope.spawn(|| run(&cache))).collect();
        for one in runs {
            assert_eq!(one.join().unwrap(), (RunStatus::Success, None));
        }
    });
    assert_eq!(entries(&cache).len(), 1);
}
