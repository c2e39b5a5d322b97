//! What one tenant may ask of the server at a time, in a time and in a day, so that no tenant keeps the others waiting. It is
//! kept in memory: a server that is started again has forgotten it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::auth::TenantId;
use crate::quota::Allowed;
use crate::rpc::RpcError;
use crate::settings::Settings;

/// How many tenants may be remembered before those that have been quiet are forgotten.
const MAX_QUIET: usize = 1024;

/// The seconds of a day.
const DAY: u64 = 24 * 3600;

/// What every tenant has used.
pub(crate) struct Limits {
    tenants: Mutex<HashMap<TenantId, Used>>,
    settings: Settings,
}

struct Used {
    /// Requests under way.
    requests: usize,
    /// How many calls may be made at `at`.
    calls: f64,
    at: Instant,
    /// The day, counted from 1970-01-01, of `fuel` and `time`.
    day: u64,
    fuel: u64,
    time: Duration,
}

/// What a run that begins now may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) fuel: u64,
    pub(crate) time: Duration,
}

/// A place for one request. It is given back when it is dropped.
pub(crate) struct RequestPlace {
    limits: Arc<Limits>,
    tenant: TenantId,
}

impl Drop for RequestPlace {
    fn drop(&mut self) {
        if let Some(used) = self.limits.tenants().get_mut(&self.tenant) {
            used.requests -= 1;
        }
    }
}

impl Used {
    /// How many calls may be made now.
    fn calls(&self, allowed: &Allowed, now: Instant) -> f64 {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        (self.calls + since * allowed.calls_per_second).min(allowed.calls_at_once)
    }

    /// Forgets what was spent on another day.
    fn on(&mut self, day: u64) {
        if self.day != day {
            self.day = day;
            self.fuel = 0;
            self.time = Duration::ZERO;
        }
    }
}

/// The day of a time, and how long it still goes on, in coordinated universal time.
fn day(now: SystemTime) -> (u64, Duration) {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let day = since.as_secs() / DAY;
    (day, Duration::from_secs((day + 1) * DAY).saturating_sub(since))
}

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Arc<Limits> {
        Arc::new(Limits {
            tenants: Mutex::default(),
            settings: settings.clone(),
        })
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<TenantId, Used>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<R>(&self, tenant: &TenantId, now: Instant, work: impl FnOnce(&mut Used, &Allowed) -> R) -> R {
        let allowed = self.settings.allowed(tenant);
        let mut tenants = self.tenants();
        if tenants.len() > MAX_QUIET && !tenants.contains_key(tenant) {
            // Whoever has nothing under way, a full measure of calls and spent nothing today is as good as new.
            let (today, _) = day(SystemTime::now());
            tenants.retain(|tenant, used| {
                let allowed = self.settings.allowed(tenant);
                let spent = used.day == today && (used.fuel > 0 || !used.time.is_zero());
                used.requests > 0 || spent || used.calls(&allowed, now) < allowed.calls_at_once
            });
        }
        let used = tenants.entry(tenant.clone()).or_insert(Used {
            requests: 0,
            calls: allowed.calls_at_once,
            at: now,
            day: 0,
            fuel: 0,
            time: Duration::ZERO,
        });
        work(used, &allowed)
    }

    /// Asks for a place for a request.
    ///
    /// # Errors
    /// When the tenant has as many as it may.
    pub(crate) fn request(self: &Arc<Limits>, tenant: &TenantId) -> Result<RequestPlace, RpcError> {
        self.with(tenant, Instant::now(), |used, allowed| {
            if used.requests >= allowed.requests {
                let message = "you have as many requests under way as may be";
                return Err(RpcError::over_quota(message, Duration::from_secs(1)));
            }
            used.requests += 1;
            Ok(())
        })?;
        Ok(RequestPlace {
            limits: self.clone(),
            tenant: tenant.clone(),
        })
    }

    /// Counts one call.
    ///
    /// # Errors
    /// When the tenant makes too many, with the time after which there is room for the next.
    pub(crate) fn call(&self, tenant: &TenantId) -> Result<(), RpcError> {
        self.call_at(tenant, Instant::now())
    }

    fn call_at(&self, tenant: &TenantId, now: Instant) -> Result<(), RpcError> {
        self.with(tenant, now, |used, allowed| {
            used.calls = used.calls(allowed, now);
            used.at = now;
            if used.calls < 1.0 {
                let wait = Duration::from_secs_f64((1.0 - used.calls) / allowed.calls_per_second);
                // A wait of nothing would be none.
                return Err(RpcError::over_quota(
                    "you make too many calls",
                    wait.max(Duration::from_millis(1)),
                ));
            }
            used.calls -= 1.0;
            Ok(())
        })
    }

    /// What a run of the tenant that begins now may spend. Runs that are under way are not counted yet, so those that go on
    /// at one time can together spend more than was left.
    ///
    /// # Errors
    /// When nothing is left of the day's budget, with the time until the next day.
    pub(crate) fn left(&self, tenant: &TenantId) -> Result<Left, RpcError> {
        self.left_at(tenant, SystemTime::now())
    }

    fn left_at(&self, tenant: &TenantId, now: SystemTime) -> Result<Left, RpcError> {
        let (today, rest) = day(now);
        self.with(tenant, Instant::now(), |used, allowed| {
            used.on(today);
            let fuel = allowed.fuel_per_day.saturating_sub(used.fuel);
            let time = allowed.run_time_per_day.saturating_sub(used.time);
            let spent = match (fuel, time) {
                (0, _) => "fuel",
                // A run has whole milliseconds.
                (_, time) if time.as_millis() == 0 => "run time",
                _ => {
                    return Ok(Left {
                        fuel: fuel.min(allowed.fuel_per_run),
                        time,
                    });
                }
            };
            let error = RpcError::over_quota(format!("your budget of {spent} for this day is used up"), rest);
            Err(error.hint("the next day begins at 00:00 UTC"))
        })
    }

    /// Charges the tenant what a run has spent.
    pub(crate) fn spend(&self, tenant: &TenantId, fuel: u64, time: Duration) {
        self.spend_at(tenant, fuel, time, SystemTime::now());
    }

    fn spend_at(&self, tenant: &TenantId, fuel: u64, time: Duration, now: SystemTime) {
        let (today, _) = day(now);
        self.with(tenant, Instant::now(), |used, _| {
            used.on(today);
            used.fuel = used.fuel.saturating_add(fuel);
            used.time = used.time.saturating_add(time);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::Code;

    fn limits(requests: usize, per_second: u32, at_once: u32) -> Arc<Limits> {
        Limits::new(&Settings {
            max_requests_per_tenant: requests,
            calls_per_second: per_second,
            calls_at_once: at_once,
            ..Settings::default()
        })
    }

    #[test]
    fn calls_are_refused_until_the_time_that_is_told() {
        let limits = limits(1, 10, 3);
        let (tenant, other) = (TenantId::local(), TenantId::parse("other").unwrap());
        let now = Instant::now();
        for _ in 0..3 {
            limits.call_at(&tenant, now).unwrap();
        }
        let refused = limits.call_at(&tenant, now).unwrap_err();
        assert_eq!(refused.known_code(), Some(Code::OverQuota));
        assert_eq!(refused.data.unwrap()["retry_after_ms"], 100);
        limits.call_at(&other, now).unwrap();
        limits.call_at(&tenant, now + Duration::from_millis(101)).unwrap();
        limits
            .call_at(&tenant, now + Duration::from_millis(102))
            .unwrap_err();
        let later = now + Duration::from_secs(3600);
        for _ in 0..3 {
            limits.call_at(&tenant, later).unwrap();
        }
        limits.call_at(&tenant, later).unwrap_err();
    }

    #[test]
    fn a_days_budget_is_spent_and_comes_back_with_the_next_day() {
        let limits = Limits::new(&Settings {
            fuel_per_run: 60,
            fuel_per_day: 100,
            run_time_per_day: Duration::from_secs(10),
            ..Settings::default()
        });
        let (tenant, other) = (TenantId::local(), TenantId::parse("other").unwrap());
        let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(20_000 * DAY + DAY / 2);
        let left = |fuel, seconds| {
            let time = Duration::from_secs(seconds);
            Ok(Left { fuel, time })
        };
        assert_eq!(limits.left_at(&tenant, noon), left(60, 10));
        limits.spend_at(&tenant, 70, Duration::from_secs(4), noon);
        assert_eq!(limits.left_at(&tenant, noon), left(30, 6));
        limits.spend_at(&tenant, 70, Duration::from_secs(4), noon);
        let refused = limits
            .left_at(&tenant, noon + Duration::from_secs(3600))
            .unwrap_err();
        assert_eq!(refused.known_code(), Some(Code::OverQuota));
        assert_eq!(refused.data.unwrap()["retry_after_ms"], 11 * 3600 * 1000);
        assert_eq!(limits.left_at(&other, noon), left(60, 10));
        let next_day = noon + Duration::from_secs(DAY / 2);
        assert_eq!(limits.left_at(&tenant, next_day), left(60, 10));
        // What ends today is charged today.
        limits.spend_at(&tenant, 0, Duration::from_secs(11), next_day);
        let refused = limits.left_at(&tenant, next_day).unwrap_err();
        assert!(refused.message.contains("run time"), "{refused}");
    }

    #[test]
    fn a_place_is_given_back() {
        let limits = limits(2, 10, 10);
        let tenant = TenantId::local();
        let places = [limits.request(&tenant).unwrap(), limits.request(&tenant).unwrap()];
        assert!(limits.request(&tenant).is_err());
        drop(places);
        limits.request(&tenant).unwrap();
    }

    #[test]
    fn tenants_that_are_quiet_are_forgotten() {
        let limits = limits(2, 10, 10);
        let now = Instant::now();
        for number in 0..2 * MAX_QUIET {
            let tenant = TenantId::parse(&format!("t{number}")).unwrap();
            limits
                .call_at(&tenant, now + Duration::from_secs(number as u64))
                .unwrap();
        }
        assert!(limits.tenants().len() <= MAX_QUIET + 1);
    }
}
