//! Runs the property of `component` under libFuzzer, which changes bytes inside of sections as a rule.
#![no_main]

use hap_fuzz::{mutate::Mutator, wasm};

libfuzzer_sys::fuzz_target!(|data: &[u8]| hap_fuzz::component::check(data));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut numbers = Mutator::new(seed.into());
    let mut bytes = data[..size].to_vec();
    // What one change may add.
    const ROOM: usize = 64;
    let inside = numbers.below(8) > 0
        && wasm::change_inside(&mut bytes, &mut |bound| numbers.below(bound), &mut |part| {
            let length = part.len();
            part.resize(length + ROOM, 0);
            let changed = libfuzzer_sys::fuzzer_mutate(part, length, length + ROOM);
            part.truncate(changed);
        });
    if inside && bytes.len() <= max_size {
        data[..bytes.len()].copy_from_slice(&bytes);
        bytes.len()
    } else {
        libfuzzer_sys::fuzzer_mutate(data, size, max_size)
    }
});
