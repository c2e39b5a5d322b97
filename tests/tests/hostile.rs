//! Hostile agents: each says what it attempts and what must come of it. While they run, an honest graph runs on the same
//! host, and must not notice.

use std::path::PathBuf;
use std::time::Duration;

use hap::ChildCompiler;
use hap_hostile::{AttackResult, Options, attacks};

#[tokio::test(flavor = "multi_thread")]
async fn every_attack_is_contained_and_explained() {
    let compiler = ChildCompiler {
        program: PathBuf::from(env!("CARGO_BIN_EXE_compile-child")),
        arguments: Vec::new(),
        time: Duration::from_secs(60),
        memory_bytes: 1 << 30,
    };
    let options = Options {
        compiler,
        only: None,
        alone: Duration::from_millis(500),
    };
    let tell = |result: &AttackResult| {
        println!("{} ms\t{}: {}", result.duration_ms, result.name, result.got);
    };
    let report = hap_hostile::run(options, tell).await.unwrap();
    println!("alone: {:?}\nbeside: {:?}", report.alone, report.beside);
    println!(
        "peak memory: {:?}, {} ms",
        report.peak_memory_bytes, report.duration_ms
    );
    assert_eq!(report.attacks.len(), attacks().len());
    assert!(
        report.attacks.len() >= 40,
        "only {} attacks",
        report.attacks.len()
    );
    let troubles = report.troubles();
    assert!(troubles.is_empty(), "\n{}", troubles.join("\n"));
}
