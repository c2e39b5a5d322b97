//! One attempt of one node: a fresh store, one call, and an account of what it spent. The store is dropped
//! afterwards; after a trap nothing touches the guest again.

use std::sync::Arc;
use std::time::Instant;

use hap_model::{
    Agent, Answer, BoxFuture, Budget, Call, Digest, Failure, FailureKind, Limit, Manifest, Request, Usage,
    sanitize,
};
use tokio::sync::Semaphore;
use wasmtime::component::{
    ComponentExportIndex, ComponentNamedList, ComponentType, InstancePre, Lift, Lower,
};
use wasmtime::{Engine, Module, Store};

use crate::component::Exports;
use crate::engine::{MEMORIES_A_PLACE, TABLES_A_PLACE};
use crate::guard::{self, TimeUp};
use crate::handles;
use crate::instances;
use crate::state::State;
use crate::stats::Counts;
use crate::ticker::Ticker;
use crate::trap::{self, Phase};

/// The longest message or details of an agent's own error.
const MAX_MESSAGE_BYTES: usize = 8 << 10;

/// An agent in a component: loaded once, run in a fresh store for each call.
pub struct ComponentAgent {
    pub(crate) component: Prepared,
    pub(crate) exports: Exports,
    pub(crate) manifest: Manifest,
    pub(crate) digest: Digest,
    pub(crate) imports: Vec<String>,
}

/// `request` of the contract.
#[derive(ComponentType, Lower)]
#[component(record)]
struct RequestText<'a> {
    context: &'a str,
    params: &'a str,
}

/// `failure` of the contract.
#[derive(ComponentType, Lift)]
#[component(record)]
struct FailureText {
    message: String,
    details: Option<String>,
}

/// `unavailability` of the contract.
#[derive(ComponentType, Lift)]
#[component(record)]
struct Unavailability {
    failure: FailureText,
    #[component(name = "retry-after-ms")]
    retry_after_ms: Option<u64>,
}

/// `error` of the contract.
#[derive(ComponentType, Lift)]
#[component(variant)]
enum AgentError {
    #[component(name = "invalid-input")]
    InvalidInput(FailureText),
    #[component(name = "unavailable")]
    Unavailable(Unavailability),
    #[component(name = "failed")]
    Failed(FailureText),
}

impl Agent for ComponentAgent {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn digest(&self) -> Option<Digest> {
        Some(self.digest)
    }

    fn invoke(&self, request: Request, call: Call) -> BoxFuture<'_, Answer> {
        Box::pin(self.answer(request, call))
    }

    fn enforces_budget(&self) -> bool {
        true
    }

    fn imports(&self) -> &[String] {
        &self.imports
    }
}

impl ComponentAgent {
    async fn answer(&self, request: Request, call: Call) -> Answer {
        let input_bytes = (request.context.as_str().len() + request.params.as_str().len()) as u64;
        let (allowed_input, allowed_output) = (call.budget.get(Limit::Input), call.budget.get(Limit::Output));
        if input_bytes > allowed_input {
            let result = Err(Failure::limit(Limit::Input, allowed_input, input_bytes));
            return Answer {
                result,
                usage: Usage {
                    input_bytes,
                    ..self.component.usage_before()
                },
            };
        }
        let params = RequestText {
            context: request.context.as_str(),
            params: request.params.as_str(),
        };
        let state = State::new(call, false);
        let called =
            self.component
                .call::<_, (Result<String, AgentError>,)>(&self.exports.invoke, (params,), state);
        let (result, mut usage) = called.await;
        usage.input_bytes = input_bytes;
        let result = match result {
            Ok((Ok(output),)) => {
                usage.output_bytes = output.len() as u64;
                if usage.output_bytes > allowed_output {
                    Err(Failure::limit(Limit::Output, allowed_output, usage.output_bytes))
                } else {
                    Ok(output)
                }
            }
            Ok((Err(error),)) => Err(agent_failure(error)),
            Err(failure) => Err(failure),
        };
        Answer { result, usage }
    }
}

/// A component that is linked and checked, and can be instantiated any number of times.
pub(crate) struct Prepared {
    pub(crate) engine: Engine,
    /// One for each instance that may live at one time.
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) pre: InstancePre<State>,
    /// One for each instance of this component that may live at one time.
    pub(crate) own_permits: Semaphore,
    pub(crate) ticker: Arc<Ticker>,
    /// How many permits there are in all.
    pub(crate) places: u32,
    /// The core instances that the component consists of; none while they are not counted yet.
    pub(crate) instances: u32,
    /// What counts them.
    pub(crate) empty: Module,
    /// The memories and tables of an instance.
    pub(crate) memories: u32,
    pub(crate) tables: u32,
}

impl Prepared {
    /// Calls one exported function in a fresh store and tells what it spent, however it ended.
    pub(crate) async fn call<P, R>(
        &self,
        export: &ComponentExportIndex,
        params: P,
        mut state: State,
    ) -> (Result<R, Failure>, Usage)
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        if let Err(failure) = self.within(state.budget()) {
            return (Err(failure), self.usage_before());
        }
        let waiting = self.counts.waits();
        // First its own, so that a component that is called very often waits for itself and not in front of others.
        let own = self.own_permits.acquire().await;
        let places = self.permits.acquire_many(self.weight()).await;
        let (Ok(_own), Ok(_places)) = (own, places) else {
            let failure = Failure::new(FailureKind::Internal, "the sandbox is shutting down");
            return (Err(failure), self.usage_before());
        };
        drop(waiting);
        let _alive = self.ticker.alive();
        // Time spent waiting for a place is not the guest's.
        let budget = state.budget().clone();
        state.call.deadline = Instant::now() + budget.wall_time();
        let deadline = state.call.deadline;
        let mut store = new_store(&self.engine, state);
        let mut phase = Phase::Instantiation;
        let called = guard::until(deadline, async {
            let instance = self.pre.instantiate_async(&mut store).await?;
            phase = Phase::Call;
            let function = instance.get_typed_func::<P, R>(&mut store, export)?;
            function.call_async(&mut store, params).await
        })
        .await;
        // A line that was printed without an end still counts.
        let finished = store.data().recorder.finish();
        let refused = store.data_mut().refused();
        let recorder = &store.data().recorder;
        let result = match called {
            Err(TimeUp) => {
                let allowed = budget.get(Limit::WallTime);
                Err(Failure::limit(Limit::WallTime, allowed, allowed))
            }
            Ok(Ok(value)) => refused.or(finished.err()).map_or(Ok(value), Err),
            Ok(Err(error)) => {
                Err(refused.unwrap_or_else(|| trap::explain(&error, phase, &budget, &recorder.last())))
            }
        };
        let with_report = |mut failure: Failure| {
            failure.last_log = recorder.last();
            failure.last_calls = recorder.last_calls();
            failure
        };
        let result = result.map_err(with_report);
        let mut usage = self.usage(&mut store);
        if store.data().describing && result.is_ok() {
            usage.instances = instances::count(&mut store, &self.empty).await.into();
        }
        (result, usage)
    }

    /// How many places of the pool an instance takes: each place has room for a few memories and tables, so that a
    /// component with many of them waits for as many places instead of taking what others were promised.
    fn weight(&self) -> u32 {
        let places = |count: u32, each: u32| count.div_ceil(each).max(1);
        let weight = places(self.memories, MEMORIES_A_PLACE).max(places(self.tables, TABLES_A_PLACE));
        // Waiting for more places than there are would be waiting for ever; the pool then says what it lacks.
        weight.min(self.places)
    }

    /// Holds what the component consists of against the budget before anything is instantiated.
    fn within(&self, budget: &Budget) -> Result<(), Failure> {
        for (limit, used) in [
            (Limit::Instances, self.instances),
            (Limit::Memories, self.memories),
            (Limit::Tables, self.tables),
        ] {
            let (allowed, used) = (budget.get(limit), u64::from(used));
            if used > allowed {
                return Err(Failure::limit(limit, allowed, used));
            }
        }
        Ok(())
    }

    fn usage_before(&self) -> Usage {
        Usage {
            instances: self.instances.into(),
            memories: self.memories.into(),
            tables: self.tables.into(),
            ..Usage::default()
        }
    }

    /// What a call that has ended spent.
    fn usage(&self, store: &mut Store<State>) -> Usage {
        let fuel_left = store.get_fuel().unwrap_or_default();
        let held = handles::held(store, store.data().budget().get(Limit::Handles));
        let state = store.data_mut();
        let said = state.recorder.spent();
        Usage {
            fuel: state.budget().get(Limit::Fuel).saturating_sub(fuel_left),
            memory_bytes: state.limiter.memory_bytes(),
            table_elements: state.limiter.table_elements(),
            handles: state.most_handles().max(held),
            host_call_bytes: said.most_in_a_call,
            random_bytes: state.most_random_bytes,
            log_records: said.records,
            log_bytes: said.bytes,
            progress_updates: said.updates,
            log_rate: said.most_in_a_second,
            ..self.usage_before()
        }
    }
}

/// A store with every limit of the budget set.
fn new_store(engine: &Engine, state: State) -> Store<State> {
    let budget = state.budget().clone();
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limiter);
    // This fails only where the engine has no fuel.
    let _ = store.set_fuel(budget.get(Limit::Fuel));
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    // One setting bounds what is taken over from a host call and from the call's own result.
    let transfer = budget
        .get(Limit::HostCallBytes)
        .max(budget.get(Limit::Output))
        .saturating_add(64 << 10);
    store.set_hostcall_fuel(usize::try_from(transfer).unwrap_or(usize::MAX));
    store.set_max_component_handles(budget.get(Limit::Handles) as usize);
    store
}

fn agent_failure(error: AgentError) -> Failure {
    let (kind, text) = match error {
        AgentError::InvalidInput(text) => (FailureKind::InvalidInput, text),
        AgentError::Failed(text) => (FailureKind::Failed, text),
        AgentError::Unavailable(unavailability) => {
            let retry_after = unavailability
                .retry_after_ms
                .map(std::time::Duration::from_millis);
            (FailureKind::Unavailable { retry_after }, unavailability.failure)
        }
    };
    let mut failure = Failure::new(kind, sanitize(&text.message, MAX_MESSAGE_BYTES));
    failure.details = text
        .details
        .filter(|details| details.len() <= MAX_MESSAGE_BYTES)
        .and_then(|details| hap_model::Json::parse(&details, 32).ok());
    failure
}
