//! Which finished runs are still kept: within a bound on their number, their bytes and their age. When there are too many,
//! the tenant that holds most loses its oldest, so that no tenant pushes out another's. Time comes in as a parameter.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::auth::TenantId;
use crate::settings::Settings;

/// The finished runs of a server.
pub(super) struct Finished {
    max_runs: usize,
    max_bytes: usize,
    max_age: Duration,
    /// By the order in which they ended.
    runs: BTreeMap<u64, Kept>,
    tenants: HashMap<TenantId, Held>,
    bytes: usize,
    next: u64,
}

struct Kept {
    id: String,
    tenant: TenantId,
    bytes: usize,
    at: Instant,
}

/// What one tenant holds.
#[derive(Default)]
struct Held {
    /// The numbers of its runs, the oldest first.
    runs: VecDeque<u64>,
    bytes: usize,
}

impl Finished {
    pub(super) fn new(settings: &Settings) -> Finished {
        Finished {
            max_runs: settings.max_finished_runs,
            max_bytes: settings.max_finished_bytes,
            max_age: settings.max_finished_age,
            runs: BTreeMap::new(),
            tenants: HashMap::new(),
            bytes: 0,
            next: 0,
        }
    }

    /// How many runs there are, and how many bytes they hold together.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.runs.len(), self.bytes)
    }

    /// Keeps a run that has just ended, and gives the ids of those that are to be forgotten for it.
    pub(super) fn add(&mut self, id: String, tenant: &TenantId, bytes: usize, now: Instant) -> Vec<String> {
        let number = self.next;
        self.next += 1;
        let held = self.tenants.entry(tenant.clone()).or_default();
        held.runs.push_back(number);
        held.bytes += bytes;
        self.bytes += bytes;
        let tenant = tenant.clone();
        self.runs.insert(
            number,
            Kept {
                id,
                tenant,
                bytes,
                at: now,
            },
        );
        let mut forgotten = self.too_old(now);
        // One run is kept whatever it holds: its caller is to learn of it.
        while self.runs.len() > 1 && (self.runs.len() > self.max_runs || self.bytes > self.max_bytes) {
            let by_bytes = self.bytes > self.max_bytes;
            let most = self.tenants.values().max_by_key(|held| {
                let share = if by_bytes { held.bytes } else { held.runs.len() };
                // Of two with as much, the one whose oldest is older.
                (share, Reverse(held.runs.front().copied()))
            });
            let Some(oldest) = most.and_then(|held| held.runs.front().copied()) else {
                break;
            };
            forgotten.extend(self.remove(oldest));
        }
        forgotten
    }

    /// Gives the ids of those that were kept long enough.
    pub(super) fn too_old(&mut self, now: Instant) -> Vec<String> {
        let mut forgotten = Vec::new();
        while let Some((&number, kept)) = self.runs.first_key_value()
            && now.saturating_duration_since(kept.at) >= self.max_age
        {
            forgotten.extend(self.remove(number));
        }
        forgotten
    }

    fn remove(&mut self, number: u64) -> Option<String> {
        let kept = self.runs.remove(&number)?;
        self.bytes -= kept.bytes;
        if let Some(held) = self.tenants.get_mut(&kept.tenant) {
            // It is the tenant's oldest: what is removed always is.
            held.runs.pop_front();
            held.bytes -= kept.bytes;
            if held.runs.is_empty() {
                self.tenants.remove(&kept.tenant);
            }
        }
        Some(kept.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(runs: usize, bytes: usize) -> Finished {
        Finished::new(&Settings {
            max_finished_runs: runs,
            max_finished_bytes: bytes,
            max_finished_age: Duration::from_secs(60),
            ..Settings::default()
        })
    }

    fn tenants() -> (TenantId, TenantId) {
        (
            TenantId::parse("loud").unwrap(),
            TenantId::parse("quiet").unwrap(),
        )
    }

    #[test]
    fn one_tenants_many_runs_do_not_push_out_anothers() {
        let (loud, quiet) = tenants();
        let mut kept = finished(3, 1000);
        let now = Instant::now();
        assert!(kept.add("q0".into(), &quiet, 1, now).is_empty());
        let mut forgotten = Vec::new();
        for number in 0..10 {
            forgotten.extend(kept.add(format!("l{number}"), &loud, 1, now));
        }
        let expected: Vec<_> = (0..8).map(|number| format!("l{number}")).collect();
        assert_eq!(forgotten, expected);
        // Of two that hold as much, the one with the oldest run makes way.
        assert_eq!(kept.add("q1".into(), &quiet, 1, now), ["q0"]);
        assert_eq!(kept.add("q2".into(), &quiet, 1, now), ["l8"]);
        assert_eq!(kept.size(), (3, 3));
    }

    #[test]
    fn one_tenants_large_runs_do_not_push_out_anothers() {
        let (loud, quiet) = tenants();
        let mut kept = finished(100, 10);
        let now = Instant::now();
        for number in 0..4 {
            assert!(kept.add(format!("q{number}"), &quiet, 1, now).is_empty());
        }
        assert!(kept.add("l0".into(), &loud, 6, now).is_empty());
        assert_eq!(kept.add("l1".into(), &loud, 5, now), ["l0"]);
        // What fits nowhere goes itself, unless it is alone.
        assert_eq!(kept.add("l2".into(), &loud, 100, now), ["l1", "l2"]);
        assert_eq!(kept.size(), (4, 4));
        let mut alone = finished(100, 10);
        assert!(alone.add("l0".into(), &loud, 100, now).is_empty());
        assert_eq!(alone.add("l1".into(), &loud, 100, now), ["l0"]);
    }

    #[test]
    fn runs_are_forgotten_at_their_age() {
        let (loud, quiet) = tenants();
        let mut kept = finished(100, 100);
        let now = Instant::now();
        let later = |seconds| now + Duration::from_secs(seconds);
        kept.add("a".into(), &loud, 2, now);
        kept.add("b".into(), &quiet, 3, later(30));
        assert!(kept.too_old(later(59)).is_empty());
        assert_eq!(kept.too_old(later(60)), ["a"]);
        assert_eq!(kept.add("c".into(), &loud, 4, later(90)), ["b"]);
        assert_eq!(kept.size(), (1, 4));
        assert_eq!(kept.too_old(later(1000)), ["c"]);
        assert_eq!(kept.size(), (0, 0));
        assert!(kept.tenants.is_empty());
    }
}
