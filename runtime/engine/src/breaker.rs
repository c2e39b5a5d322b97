//! Circuit breakers (Nygard, "Release It!", 2007): an agent that keeps failing is left alone for a while. One for each
//! agent and settings, shared by the runs of one runtime. Time comes in as a parameter.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hap_model::{BreakerState, CircuitBreaker, Digest};
use tokio::time::Instant;

/// How many breakers are kept. Beyond that, those that are closed are forgotten.
const MAX_BREAKERS: usize = 10_000;

/// Which breaker: the agent by its digest, or by its name where it has none, and the settings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BreakerKey {
    digest: Option<Digest>,
    name: String,
    /// The settings as bits, because fractions have no hash.
    settings: (u64, u32, u32, Duration),
}

impl BreakerKey {
    pub(crate) fn new(digest: Option<Digest>, name: &str, settings: &CircuitBreaker) -> BreakerKey {
        BreakerKey {
            digest,
            name: name.to_owned(),
            settings: (
                settings.failure_rate.to_bits(),
                settings.window,
                settings.min_calls,
                settings.open_for,
            ),
        }
    }
}

/// The circuit breakers of one runtime.
#[derive(Clone, Default)]
pub struct Breakers(Arc<Mutex<HashMap<BreakerKey, Breaker>>>);

/// One agent's breaker, for whoever watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerReport {
    /// The agent's name.
    pub agent: String,
    /// The component's digest.
    pub digest: Option<Digest>,
    /// The state it is in.
    pub state: BreakerState,
    /// How many of the calls that are looked back at failed.
    pub failed: usize,
    /// How many calls are looked back at.
    pub calls: usize,
}

struct Breaker {
    settings: CircuitBreaker,
    state: State,
    /// The last calls, the latest last: whether each failed.
    calls: VecDeque<bool>,
}

enum State {
    Closed,
    Open {
        until: Instant,
    },
    /// One call is under way to see.
    HalfOpen,
}

impl Breakers {
    fn all(&self) -> MutexGuard<'_, HashMap<BreakerKey, Breaker>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every breaker that has seen a call, by agent name.
    pub fn report(&self) -> Vec<BreakerReport> {
        let all = self.all();
        let mut list: Vec<BreakerReport> = all
            .iter()
            .map(|(key, breaker)| BreakerReport {
                agent: key.name.clone(),
                digest: key.digest,
                state: breaker.state(),
                failed: breaker.failed(),
                calls: breaker.calls.len(),
            })
            .collect();
        list.sort_by(|a, b| (&a.agent, a.digest).cmp(&(&b.agent, b.digest)));
        list
    }

    /// Asks to call the agent. An open breaker says how long until it may be asked again.
    pub(crate) fn admit(
        &self,
        key: &BreakerKey,
        settings: &CircuitBreaker,
        now: Instant,
    ) -> Result<Admission, Duration> {
        let mut all = self.all();
        if all.len() >= MAX_BREAKERS && !all.contains_key(key) {
            all.retain(|_, breaker| !matches!(breaker.state, State::Closed));
        }
        let breaker = all.entry(key.clone()).or_insert_with(|| Breaker {
            settings: settings.clone(),
            state: State::Closed,
            calls: VecDeque::new(),
        });
        let changed = match breaker.state {
            State::Closed => None,
            State::Open { until } if now < until => return Err(until - now),
            State::Open { .. } => {
                breaker.state = State::HalfOpen;
                Some(BreakerState::HalfOpen)
            }
            // Somebody is seeing already.
            State::HalfOpen => return Err(breaker.settings.open_for),
        };
        Ok(Admission {
            breakers: self.clone(),
            key: key.clone(),
            probe: changed.is_some(),
            changed,
        })
    }
}

/// A call that was let through. Dropping it without an answer tells nothing about the agent.
pub(crate) struct Admission {
    breakers: Breakers,
    key: BreakerKey,
    /// Whether this is the call by which a half-open breaker sees.
    probe: bool,
    /// The state that the breaker went into to let it through.
    pub(crate) changed: Option<BreakerState>,
}

impl Admission {
    /// Tells whether the call failed; gives the state that the breaker went into because of it.
    pub(crate) fn answer(mut self, failed: bool, now: Instant) -> Option<BreakerState> {
        let probe = std::mem::take(&mut self.probe);
        let mut all = self.breakers.all();
        let breaker = all.get_mut(&self.key)?;
        breaker.answer(failed, probe, now)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        // A probe that never came back: the next call is one.
        if self.probe
            && let Some(breaker) = self.breakers.all().get_mut(&self.key)
        {
            breaker.state = State::Open {
                until: Instant::now(),
            };
        }
    }
}

impl Breaker {
    fn state(&self) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::HalfOpen => BreakerState::HalfOpen,
        }
    }

    fn failed(&self) -> usize {
        self.calls.iter().filter(|failed| **failed).count()
    }

    fn answer(&mut self, failed: bool, probe: bool, now: Instant) -> Option<BreakerState> {
        if probe {
            self.calls.clear();
            self.state = if failed {
                State::Open {
                    until: now + self.settings.open_for,
                }
            } else {
                State::Closed
            };
            return Some(self.state());
        }
        if self.calls.len() >= self.settings.window as usize {
            self.calls.pop_front();
        }
        self.calls.push_back(failed);
        let enough = self.calls.len() >= self.settings.min_calls as usize;
        let rate = self.failed() as f64 / self.calls.len() as f64;
        if matches!(self.state, State::Closed) && enough && rate >= self.settings.failure_rate {
            self.state = State::Open {
                until: now + self.settings.open_for,
            };
            return Some(BreakerState::Open);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> CircuitBreaker {
        CircuitBreaker {
            failure_rate: 0.5,
            window: 4,
            min_calls: 2,
            open_for: Duration::from_secs(10),
        }
    }

    fn call(breakers: &Breakers, failed: bool) -> Result<Option<BreakerState>, Duration> {
        let key = BreakerKey::new(None, "a", &settings());
        let admission = breakers.admit(&key, &settings(), Instant::now())?;
        Ok(admission.answer(failed, Instant::now()))
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_on_the_rate_lets_one_call_through_after_its_time_and_closes_when_that_succeeds() {
        let breakers = Breakers::default();
        assert_eq!(call(&breakers, true), Ok(None));
        assert_eq!(call(&breakers, false), Ok(Some(BreakerState::Open)));
        assert_eq!(call(&breakers, false), Err(Duration::from_secs(10)));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(call(&breakers, false), Err(Duration::from_secs(6)));
        tokio::time::advance(Duration::from_secs(6)).await;
        assert_eq!(call(&breakers, true), Ok(Some(BreakerState::Open)));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(call(&breakers, false), Ok(Some(BreakerState::Closed)));
        // What was before is forgotten.
        assert_eq!(call(&breakers, true), Ok(None));
    }

    #[tokio::test(start_paused = true)]
    async fn only_one_call_is_let_through_at_a_time_and_one_that_never_answers_makes_way() {
        let breakers = Breakers::default();
        let key = BreakerKey::new(None, "a", &settings());
        call(&breakers, true).unwrap();
        call(&breakers, true).unwrap();
        tokio::time::advance(Duration::from_secs(10)).await;
        let probe = breakers.admit(&key, &settings(), Instant::now()).unwrap();
        assert!(call(&breakers, false).is_err());
        drop(probe);
        assert_eq!(call(&breakers, false), Ok(Some(BreakerState::Closed)));
    }

    #[tokio::test(start_paused = true)]
    async fn agents_and_settings_have_breakers_of_their_own() {
        let breakers = Breakers::default();
        call(&breakers, true).unwrap();
        call(&breakers, true).unwrap();
        assert!(call(&breakers, false).is_err());
        let other = BreakerKey::new(None, "b", &settings());
        assert!(breakers.admit(&other, &settings(), Instant::now()).is_ok());
        let states: Vec<_> = breakers
            .report()
            .into_iter()
            .map(|report| (report.agent, report.state))
            .collect();
        assert_eq!(
            states,
            [
                ("a".to_owned(), BreakerState::Open),
                ("b".to_owned(), BreakerState::Closed)
            ]
        );
    }
}
