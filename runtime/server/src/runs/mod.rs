//! The runs of a server: those under way, and the last ones that ended. Every accepted run has exactly one outcome.

mod entry;
mod finished;
mod log;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hap::{Run, RunOutcome};
use tokio::sync::watch;

pub(crate) use entry::{Asked, RunEntry, Subject};
use finished::Finished;
pub(crate) use log::{EventLog, Kept, Read};

use crate::auth::{Principal, TenantId};
use crate::limits::Limits;
use crate::progress::{RunOf, Teller};
use crate::resources::Stats;
use crate::rpc::{Code, RpcError};
use crate::settings::Settings;
use crate::telemetry::{RunWatch, Telemetry};
use crate::turns::{Turn, Turns};

/// The runs of a server.
pub(crate) struct Runs {
    inner: Mutex<Inner>,
    settings: Settings,
    limits: Arc<Limits>,
    stats: Stats,
    telemetry: Arc<Telemetry>,
    /// The places of [`Settings::max_runs`].
    turns: Arc<Turns>,
    /// Held from looking a key up until its run is there.
    starting: Mutex<()>,
    /// How many are under way, for whoever waits for the last one.
    active: watch::Sender<usize>,
    /// Tells the program that the server is a part of.
    progress: Option<Teller>,
}

struct Inner {
    by_id: HashMap<String, Arc<RunEntry>>,
    by_key: HashMap<(TenantId, String), String>,
    finished: Finished,
    by_tenant: HashMap<TenantId, usize>,
    active: usize,
    draining: bool,
}

impl Inner {
    fn forget(&mut self, runs: &[String]) {
        for id in runs {
            if let Some(run) = self.by_id.remove(id)
                && let Some(key) = &run.asked.key
            {
                self.by_key.remove(&(run.tenant.clone(), key.clone()));
            }
        }
    }
}

/// The fuel that all nodes of a run have spent.
fn fuel(outcome: &RunOutcome) -> u64 {
    let spent = outcome.agent_metadata.values().map(|record| record.usage.fuel);
    spent.fold(0, u64::saturating_add)
}

/// One of the runs that a tenant may have, under way or waiting for its turn. It is given back when it is dropped.
struct Share {
    runs: Arc<Runs>,
    tenant: TenantId,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut inner = self.runs.inner();
        if let Some(count) = inner.by_tenant.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                inner.by_tenant.remove(&self.tenant);
            }
        }
    }
}

/// A place for one more run. It is given back when it is dropped.
pub(crate) struct Place {
    share: Share,
    _turn: Turn,
}

impl Drop for Place {
    fn drop(&mut self) {
        let runs = &self.share.runs;
        let mut inner = runs.inner();
        inner.active -= 1;
        runs.active.send_replace(inner.active);
    }
}

impl Runs {
    pub(crate) fn new(
        settings: Settings,
        limits: Arc<Limits>,
        telemetry: Arc<Telemetry>,
        progress: Option<Teller>,
    ) -> Arc<Runs> {
        Arc::new(Runs {
            inner: Mutex::new(Inner {
                by_id: HashMap::new(),
                by_key: HashMap::new(),
                finished: Finished::new(&settings),
                by_tenant: HashMap::new(),
                active: 0,
                draining: false,
            }),
            turns: Turns::new(settings.max_runs),
            settings,
            limits,
            stats: Stats::default(),
            telemetry,
            starting: Mutex::default(),
            active: watch::Sender::new(0),
            progress,
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Runs::inner`], without the finished runs that were kept long enough.
    fn current(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner();
        let old = inner.finished.too_old(Instant::now());
        inner.forget(&old);
        inner
    }

    /// Asks for a place for one more run, and waits for the tenant's turn where the server has as many as it may. Safe to
    /// cancel.
    ///
    /// # Errors
    /// When the tenant has as many runs as it may, its turn does not come in time, or the server is shutting down.
    pub(crate) async fn place(self: &Arc<Runs>, tenant: &TenantId) -> Result<Place, RpcError> {
        let stopping = || RpcError::new(Code::Unavailable, "the server is shutting down");
        let share = self.share(tenant)?;
        let turn = tokio::time::timeout(self.settings.queue_time, self.turns.take(tenant)).await;
        let Ok(turn) = turn else {
            let message = "the server has as many runs under way as may be, and none ended in time";
            return Err(RpcError::new(Code::Unavailable, message).with("retry_after_ms", 1000));
        };
        let turn = turn.ok_or_else(stopping)?;
        let mut inner = self.inner();
        if inner.draining {
            return Err(stopping());
        }
        inner.active += 1;
        self.active.send_replace(inner.active);
        Ok(Place { share, _turn: turn })
    }

    fn share(self: &Arc<Runs>, tenant: &TenantId) -> Result<Share, RpcError> {
        let mut inner = self.inner();
        let own = inner.by_tenant.get(tenant).copied().unwrap_or_default();
        if own >= self.settings.allowed(tenant).runs {
            let message = "you have as many runs under way as may be";
            return Err(RpcError::over_quota(message, Duration::from_secs(1)));
        }
        *inner.by_tenant.entry(tenant.clone()).or_default() += 1;
        Ok(Share {
            runs: self.clone(),
            tenant: tenant.clone(),
        })
    }

    /// The run that was started with the same key before, where there is one.
    ///
    /// # Errors
    /// When the key was used for something else.
    pub(crate) fn known(
        &self,
        principal: &Principal,
        asked: &Asked,
    ) -> Result<Option<Arc<RunEntry>>, RpcError> {
        let known = asked
            .key
            .as_deref()
            .and_then(|key| self.with_key(&principal.tenant, key));
        match known {
            Some(run) if run.asked.fingerprint != asked.fingerprint => {
                let message = "the idempotency key was used for something else";
                Err(RpcError::new(Code::Conflict, message).hint("use a new key for each thing to do"))
            }
            known => Ok(known),
        }
    }

    /// Starts a run, or gives the one that was started with the same key before: of requests with one key at the same
    /// time, one starts it.
    ///
    /// # Errors
    /// When the key was used for something else, and what `start` says.
    pub(crate) fn start_once(
        self: &Arc<Runs>,
        principal: &Principal,
        asked: Asked,
        place: Place,
        start: impl FnOnce() -> Result<Run, RpcError>,
    ) -> Result<Arc<RunEntry>, RpcError> {
        let lock = || self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        let _one_at_a_time = asked.key.is_some().then(lock);
        match self.known(principal, &asked)? {
            Some(run) => Ok(run),
            None => Ok(self.follow(start()?, place, principal, asked)),
        }
    }

    /// The run that was started with that key before.
    fn with_key(&self, tenant: &TenantId, key: &str) -> Option<Arc<RunEntry>> {
        let inner = self.current();
        let id = inner.by_key.get(&(tenant.clone(), key.to_owned()))?;
        inner.by_id.get(id).cloned()
    }

    /// Takes a started run in, and follows it to its end.
    fn follow(
        self: &Arc<Runs>,
        mut run: Run,
        place: Place,
        principal: &Principal,
        asked: Asked,
    ) -> Arc<RunEntry> {
        let id = run.id().to_string();
        let key = asked.key.clone();
        let entry = Arc::new(RunEntry {
            id: id.clone(),
            tenant: principal.tenant.clone(),
            user: principal.user.clone(),
            asked,
            started: SystemTime::now(),
            log: EventLog::new(
                self.settings.max_events_per_run,
                self.settings.max_event_bytes_per_run,
            ),
            canceller: run.canceller(),
            outcome: watch::Sender::new(None),
            waiting: AtomicUsize::new(0),
            keeps_going: AtomicBool::new(false),
        });
        let mut inner = self.inner();
        inner.by_id.insert(id.clone(), entry.clone());
        if let Some(key) = key {
            inner.by_key.insert((principal.tenant.clone(), key), id);
        }
        drop(inner);
        let (runs, followed) = (self.clone(), entry.clone());
        let mut watch = RunWatch::new(&self.telemetry, &entry);
        tokio::spawn(async move {
            let told = runs
                .progress
                .as_ref()
                .map(|teller| (teller, Arc::new(RunOf::from(&*followed))));
            while let Some(event) = run.next_event().await {
                watch.event(&event);
                followed.log.push(&event);
                if let Some((teller, of)) = &told {
                    teller.tell(of, event);
                }
            }
            let outcome = run.outcome().await;
            runs.limits
                .spend(&followed.tenant, fuel(&outcome), outcome.duration);
            runs.stats.add(&followed.tenant, &outcome);
            watch.ended(&outcome);
            followed.outcome.send_replace(Some(Arc::new(outcome)));
            followed.log.end();
            runs.finished(&followed);
            drop(place);
        });
        entry
    }

    /// Keeps a run that has ended, and forgets others for it.
    fn finished(&self, run: &RunEntry) {
        let weight = run.weight();
        let mut inner = self.inner();
        let forgotten = inner
            .finished
            .add(run.id.clone(), &run.tenant, weight, Instant::now());
        inner.forget(&forgotten);
    }

    /// The run, if the tenant may know of it. What belongs to others is not there.
    pub(crate) fn get(&self, tenant: &TenantId, id: &str) -> Option<Arc<RunEntry>> {
        let inner = self.current();
        inner.by_id.get(id).filter(|run| run.tenant == *tenant).cloned()
    }

    /// The tenant's runs, the latest first.
    pub(crate) fn list(&self, tenant: &TenantId) -> Vec<Arc<RunEntry>> {
        let mut list: Vec<_> = self
            .current()
            .by_id
            .values()
            .filter(|run| run.tenant == *tenant)
            .cloned()
            .collect();
        list.sort_by(|a, b| (b.started, &b.id).cmp(&(a.started, &a.id)));
        list
    }

    /// Takes no further run, waits for those under way, and cancels those that are not done in time.
    pub(crate) async fn drain(&self) {
        self.inner().draining = true;
        self.turns.close();
        let mut active = self.active.subscribe();
        let none = async {
            // The sender is a field of `self`, so it is not gone.
            let _ = active.wait_for(|count| *count == 0).await;
        };
        if tokio::time::timeout(self.settings.drain, none).await.is_err() {
            let left: Vec<_> = self.inner().by_id.values().cloned().collect();
            left.iter().for_each(|run| run.cancel());
            let _ = active.wait_for(|count| *count == 0).await;
        }
    }

    /// What the agents of the runs did.
    pub(crate) fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How many runs are under way.
    pub(crate) fn active(&self) -> usize {
        self.inner().active
    }

    /// Forgets the finished runs that were kept long enough.
    pub(crate) fn forget_old(&self) {
        drop(self.current());
    }

    /// How many finished runs are kept, and how many bytes they hold.
    pub(crate) fn kept(&self) -> (usize, usize) {
        self.current().finished.size()
    }

    /// Whether the server is shutting down.
    pub(crate) fn is_draining(&self) -> bool {
        self.inner().draining
    }
}
