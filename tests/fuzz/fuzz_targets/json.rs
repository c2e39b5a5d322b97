//! Runs the property of `json` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hap_fuzz::json::check(data));
