//! What agents did, by tenant and by the component's digest: so a changed agent begins anew, and no tenant learns of
//! another's runs. Kept in memory, within a bound.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use hap::{Digest, NodeId, NodeRecord, NodeStatus, RunOutcome};
use serde::Serialize;

use crate::auth::TenantId;

/// How many agents are remembered, each once for every tenant that used it; those that ran longest ago are forgotten first.
const MAX_AGENTS: usize = 4096;

/// What an agent did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct AgentStats {
    /// The nodes that it served.
    runs: u64,
    /// How many of them did not end well; those that were cancelled are not among them.
    failures: u64,
    /// How many were cancelled.
    cancelled: u64,
    /// The attempts that it took, retries among them.
    attempts: u64,
    /// How long all of them took together, in microseconds.
    duration_us: u64,
    /// How long the longest took, in microseconds.
    longest_us: u64,
    /// The fuel that all of them spent.
    fuel: u64,
    /// When the last one ended: milliseconds since 1970-01-01T00:00Z.
    last_unix_ms: u64,
}

/// What all agents did.
#[derive(Default)]
pub(crate) struct Stats(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    agents: HashMap<(TenantId, Digest), (u64, AgentStats)>,
    /// Counts the records: the higher, the later.
    clock: u64,
}

impl Stats {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the agent did for the tenant.
    pub(super) fn of(&self, tenant: &TenantId, digest: Digest) -> AgentStats {
        let inner = self.inner();
        let known = inner.agents.get(&(tenant.clone(), digest));
        known.map(|(_, stats)| *stats).unwrap_or_default()
    }

    /// Adds what the nodes of a run did, those of nested graphs too.
    pub(crate) fn add(&self, tenant: &TenantId, outcome: &RunOutcome) {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = since_epoch.unwrap_or_default().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        self.inner().add_nodes(tenant, &outcome.agent_metadata, now);
    }
}

impl Inner {
    fn add_nodes(&mut self, tenant: &TenantId, nodes: &BTreeMap<NodeId, NodeRecord>, now: u64) {
        for record in nodes.values() {
            if let Some(digest) = record.digest.filter(|_| record.attempts > 0) {
                self.add(tenant, digest, record, now);
            }
            self.add_nodes(tenant, &record.nodes, now);
        }
    }

    fn add(&mut self, tenant: &TenantId, digest: Digest, record: &NodeRecord, now: u64) {
        let key = (tenant.clone(), digest);
        if self.agents.len() >= MAX_AGENTS && !self.agents.contains_key(&key) {
            let oldest = self.agents.iter().min_by_key(|(_, (last, _))| *last);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.agents.remove(&oldest);
            }
        }
        self.clock += 1;
        let (last, stats) = self.agents.entry(key).or_default();
        *last = self.clock;
        let took = record.duration.unwrap_or(Duration::ZERO).as_micros();
        let took = u64::try_from(took).unwrap_or(u64::MAX);
        stats.runs += 1;
        match record.status {
            NodeStatus::Cancelled => stats.cancelled += 1,
            _ if record.failure.is_some() => stats.failures += 1,
            _ => {}
        }
        stats.attempts += u64::from(record.attempts);
        stats.duration_us = stats.duration_us.saturating_add(took);
        stats.longest_us = stats.longest_us.max(took);
        stats.fuel = stats.fuel.saturating_add(record.usage.fuel);
        stats.last_unix_ms = now;
    }
}

#[cfg(test)]
mod tests {
    use hap::{Failure, FailureKind, Usage};

    use super::*;

    fn record(digest: u8, status: NodeStatus, microseconds: u64) -> NodeRecord {
        let failed = status == NodeStatus::Failed;
        NodeRecord {
            agent: "a".to_owned(),
            order: 0,
            stands_in_for: None,
            digest: Some(Digest::from_sha256([digest; 32])),
            status,
            attempts: 2,
            start: Some(Duration::ZERO),
            duration: Some(Duration::from_micros(microseconds)),
            usage: Usage {
                fuel: 7,
                ..Usage::default()
            },
            failure: failed.then(|| Failure::new(FailureKind::Failed, "no").into()),
            items: None,
            failed_items: None,
            rounds: None,
            nodes: BTreeMap::new(),
        }
    }

    #[test]
    fn nodes_are_added_up_for_each_tenant_nested_ones_too() {
        let node = |name: &str| NodeId::new(name).unwrap();
        let mut outer = record(1, NodeStatus::Done, 30);
        outer.nodes = [(node("inner"), record(2, NodeStatus::Failed, 10))].into();
        let nodes = [
            (node("a"), outer),
            (node("b"), record(1, NodeStatus::Cancelled, 50)),
        ]
        .into();
        let stats = Stats::default();
        let (tenant, other) = (TenantId::local(), TenantId::parse("other").unwrap());
        stats.inner().add_nodes(&tenant, &nodes, 9);
        let of = |tenant, digest| stats.of(tenant, Digest::from_sha256([digest; 32]));
        let expected = AgentStats {
            runs: 2,
            failures: 0,
            cancelled: 1,
            attempts: 4,
            duration_us: 80,
            longest_us: 50,
            fuel: 14,
            last_unix_ms: 9,
        };
        assert_eq!(of(&tenant, 1), expected);
        assert_eq!((of(&tenant, 2).runs, of(&tenant, 2).failures), (1, 1));
        assert_eq!(of(&other, 1), AgentStats::default());
    }

    #[test]
    fn only_so_many_are_remembered_and_the_latest_are() {
        let mut inner = Inner::default();
        let tenant = |number: usize| TenantId::parse(&format!("t{number}")).unwrap();
        let digest = Digest::from_sha256([1; 32]);
        for number in 0..MAX_AGENTS + 5 {
            inner.add(&tenant(number), digest, &record(1, NodeStatus::Done, 1), 0);
            inner.add(&tenant(0), digest, &record(1, NodeStatus::Done, 1), 0);
        }
        assert_eq!(inner.agents.len(), MAX_AGENTS);
        assert!(inner.agents.contains_key(&(tenant(0), digest)));
        assert!(!inner.agents.contains_key(&(tenant(1), digest)));
        assert!(inner.agents.contains_key(&(tenant(MAX_AGENTS + 4), digest)));
    }
}
