//! The wasmtime engine: the only place that builds a `Config`. Every setting says why it has its value.

use hap_model::{Budget, Limit};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, WasmFeatures};

use crate::error::SandboxError;

/// The memories and tables for which one place of the pool has room; an instance with more takes several places.
pub(crate) const MEMORIES_A_PLACE: u32 = 4;
pub(crate) const TABLES_A_PLACE: u32 = 8;

/// How instances get their memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocation {
    /// From a pool whose slots are reset by scanning for the pages that were written: the fastest. Only where the
    /// kernel has PAGEMAP_SCAN (Linux 6.7) and the host has no swap, because wasmtime 48 misses pages that were
    /// swapped out, and the next instance would read them.
    PoolWithScan,
    /// From a pool whose slots are reset by overwriting.
    Pool,
}

impl Allocation {
    /// What suits this host.
    pub fn detect() -> Allocation {
        if PoolingAllocationConfig::is_pagemap_scan_available() && !host_has_swap() {
            Allocation::PoolWithScan
        } else {
            Allocation::Pool
        }
    }
}

/// Whether anything on this host can be swapped out. When in doubt, yes.
fn host_has_swap() -> bool {
    // The file has a heading and one line for each swap area.
    std::fs::read_to_string("/proc/swaps").map_or(true, |text| text.lines().count() > 1)
}

/// Builds the engine.
pub(crate) fn build(
    allocation: Allocation,
    max_instances: u32,
    source_lines: bool,
) -> Result<Engine, SandboxError> {
    let mut config = config(source_lines);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(
        allocation,
        max_instances,
    )));
    Engine::new(&config).map_err(|error| SandboxError::engine(&error))
}

/// Builds an engine that compiles for those of [`build`] and runs nothing, so it needs no pool.
pub(crate) fn build_compiler() -> wasmtime::Result<Engine> {
    Engine::new(&config(false))
}

/// Everything that machine code depends on.
fn config(source_lines: bool) -> Config {
    let mut config = Config::new();
    // Fuel counts work the same way on every run. It would preempt guests that compute, because in wasmtime 48 it counts
    // operations on whole memories byte by byte; but calls to the host cost none, and a guest that does nothing but call
    // the host would give way to nobody. So epochs preempt: they are checked wherever a guest loops. They cost an eighth of
    // computing.
    config.consume_fuel(true).epoch_interruption(true);
    // One store is driven by one task at a time. Concurrency within a store costs 3 µs a call and is not needed.
    config.concurrency_support(false);
    // The stack of an earlier guest is never visible to a guest: WebAssembly cannot address it.
    config
        .async_stack_zeroing(false)
        .async_stack_size(2 << 20)
        .max_wasm_stack(512 << 10);
    // The same bits on every machine.
    config.cranelift_nan_canonicalization(true);
    // Copy-on-write images make instantiation a mapping instead of a copy.
    config.memory_init_cow(true);
    // Source lines come from debug information that the component's author made; reading it takes time and memory that
    // no budget bounds, so a host of strangers' components does without.
    config.wasm_backtrace_details(match source_lines {
        true => wasmtime::WasmBacktraceDetails::Enable,
        false => wasmtime::WasmBacktraceDetails::Disable,
    });
    switch_off_proposals(&mut config);
    config
}

/// Proposals with known and unfixed faults in this release, or that make results depend on the machine.
fn switch_off_proposals(config: &mut Config) {
    let off = WasmFeatures::THREADS
        | WasmFeatures::SHARED_EVERYTHING_THREADS
        | WasmFeatures::GC
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::LEGACY_EXCEPTIONS
        | WasmFeatures::MEMORY64
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::STACK_SWITCHING
        | WasmFeatures::CM_ASYNC;
    config.wasm_features(off, false);
}

/// Core instances, memories and tables that one component may have, and the budget's ceiling for them.
fn pool(allocation: Allocation, max_instances: u32) -> PoolingAllocationConfig {
    let budget = Budget::unlimited();
    let per_component = budget.get(Limit::Instances) as u32;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(max_instances)
        .total_core_instances(max_instances.saturating_mul(per_component))
        .total_memories(max_instances.saturating_mul(MEMORIES_A_PLACE))
        .total_tables(max_instances.saturating_mul(TABLES_A_PLACE))
        .total_stacks(max_instances)
        .max_core_instances_per_component(per_component)
        .max_memories_per_component(per_component)
        .max_tables_per_component(per_component)
        .max_tables_per_module(16)
        .max_memories_per_module(16)
        .max_memory_size(budget.get(Limit::Memory) as usize)
        .table_elements(budget.get(Limit::TableElements) as usize)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .max_unused_warm_slots(max_instances)
        .decommit_batch_size(1);
    match allocation {
        // Only pages that were written are reset, so what stays resident costs memory but no time.
        Allocation::PoolWithScan => pool
            .pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(1 << 20)
            .table_keep_resident(64 << 10),
        // All that stays resident is overwritten each time: enough for a small guest, no more.
        Allocation::Pool => pool
            .pagemap_scan(Enabled::No)
            .linear_memory_keep_resident(256 << 10)
            .table_keep_resident(16 << 10),
    };
    pool
}
