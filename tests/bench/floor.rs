//! The floor: bare wasmtime instantiates the same component in a fresh store and calls it with the same text. No limits, no
//! fuel, no fibers, no JSON: what nobody can go below without giving up isolation.

use std::time::{Duration, Instant};

use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker, ResourceTable};
use wasmtime::error::Context as _;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Result, Store, StoreLimits,
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// What bare wasmtime is given beside the component: each costs something.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extras {
    /// Counts instructions.
    pub(crate) fuel: bool,
    /// Checks a clock in loops and at calls.
    pub(crate) epoch: bool,
    /// Asks the host about each growth of memory.
    pub(crate) limiter: bool,
}

/// A component ready to be instantiated by bare wasmtime.
pub(crate) struct Floor {
    engine: Engine,
    pre: InstancePre<Nothing>,
    invoke: ComponentExportIndex,
    extras: Extras,
}

/// WASI as the crate ships it, made when first asked for.
#[derive(Default)]
struct Nothing {
    wasi: Option<WasiCtx>,
    table: ResourceTable,
    limits: StoreLimits,
}

impl WasiView for Nothing {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self.wasi.get_or_insert_with(|| WasiCtx::builder().build());
        WasiCtxView {
            ctx,
            table: &mut self.table,
        }
    }
}

/// `request` of the contract.
#[derive(wasmtime::component::ComponentType, wasmtime::component::Lower)]
#[component(record)]
struct Request<'a> {
    context: &'a str,
    params: &'a str,
}

mod contract {
    //! The contract's error type, and imports that answer nothing.
    wasmtime::component::bindgen!({ path: "../wit", world: "guest", imports: { default: trappable } });
}

impl Floor {
    /// Compiles `bytes` with wasmtime set as fast as measured: a pool whose slots stay resident, where the host can.
    pub(crate) fn new(bytes: &[u8], extras: Extras) -> Result<Floor> {
        let mut pool = PoolingAllocationConfig::new();
        pool.linear_memory_keep_resident(1 << 20)
            .table_keep_resident(64 << 10)
            .decommit_batch_size(1);
        if hap::Allocation::detect() == hap::Allocation::PoolWithScan {
            pool.pagemap_scan(Enabled::Yes);
        }
        let mut config = Config::new();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .concurrency_support(false);
        config.consume_fuel(extras.fuel).epoch_interruption(extras.epoch);
        let engine = Engine::new(&config)?;
        let component = Component::from_binary(&engine, bytes)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker)?;
        // The benchmark's agents call nothing of these.
        linker.define_unknown_imports_as_traps(&component)?;
        let interface = component
            .get_export_index(None, "hap:agent/agent@0.1.0")
            .context("no agent")?;
        let invoke = component
            .get_export_index(Some(&interface), "invoke")
            .context("no `invoke`")?;
        Ok(Floor {
            pre: linker.instantiate_pre(&component)?,
            engine,
            invoke,
            extras,
        })
    }

    /// The output for a context.
    pub(crate) fn call(&self, context: &str) -> Result<String> {
        use contract::hap::agent::types::Error;
        let mut store = Store::new(&self.engine, Nothing::default());
        if self.extras.fuel {
            store.set_fuel(u64::MAX / 2)?;
        }
        if self.extras.epoch {
            store.set_epoch_deadline(u64::MAX / 2);
        }
        if self.extras.limiter {
            store.limiter(|state| &mut state.limits);
        }
        let instance = self.pre.instantiate(&mut store)?;
        let invoke =
            instance.get_typed_func::<(Request<'_>,), (Result<String, Error>,)>(&mut store, &self.invoke)?;
        let (result,) = invoke.call(
            &mut store,
            (Request {
                context,
                params: "{}",
            },),
        )?;
        result.map_err(|error| wasmtime::format_err!("{error:?}"))
    }

    /// The mean time of one of `calls` calls.
    pub(crate) fn time(&self, context: &str, calls: u32) -> Result<Duration> {
        let start = Instant::now();
        for _ in 0..calls {
            self.call(context)?;
        }
        Ok(start.elapsed() / calls)
    }
}
