//! Runs the property of `graph_file` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hap_fuzz::graph_file::check(data));
