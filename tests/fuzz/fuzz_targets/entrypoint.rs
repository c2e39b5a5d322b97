//! Runs the property of `entrypoint` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| hap_fuzz::entrypoint::check(data));
