//! What one tenant may ask of the server at a time and in a time, so that no tenant keeps the others waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::auth::TenantId;
use crate::rpc::RpcError;
use crate::settings::Settings;

/// How many tenants may be remembered before those that have been quiet are forgotten.
const MAX_QUIET: usize = 1024;

/// What every tenant has used.
pub(crate) struct Limits {
    tenants: Mutex<HashMap<TenantId, Used>>,
    requests: usize,
    per_second: f64,
    at_once: f64,
}

struct Used {
    /// Requests under way.
    requests: usize,
    /// How many calls may be made at `at`.
    calls: f64,
    at: Instant,
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

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Arc<Limits> {
        Arc::new(Limits {
            tenants: Mutex::default(),
            requests: settings.max_requests_per_tenant,
            per_second: f64::from(settings.calls_per_second.max(1)),
            at_once: f64::from(settings.calls_at_once.max(1)),
        })
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<TenantId, Used>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<R>(&self, tenant: &TenantId, now: Instant, work: impl FnOnce(&mut Used) -> R) -> R {
        let mut tenants = self.tenants();
        if tenants.len() > MAX_QUIET && !tenants.contains_key(tenant) {
            // Whoever has nothing under way and a full measure of calls is as good as new.
            tenants.retain(|_, used| used.requests > 0 || self.calls(used, now) < self.at_once);
        }
        let used = tenants.entry(tenant.clone()).or_insert(Used {
            requests: 0,
            calls: self.at_once,
            at: now,
        });
        work(used)
    }

    fn calls(&self, used: &Used, now: Instant) -> f64 {
        let since = now.saturating_duration_since(used.at).as_secs_f64();
        (used.calls + since * self.per_second).min(self.at_once)
    }

    /// Asks for a place for a request.
    ///
    /// # Errors
    /// When the tenant has as many as it may.
    pub(crate) fn request(self: &Arc<Limits>, tenant: &TenantId) -> Result<RequestPlace, RpcError> {
        self.with(tenant, Instant::now(), |used| {
            if used.requests >= self.requests {
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
        self.with(tenant, now, |used| {
            used.calls = self.calls(used, now);
            used.at = now;
            if used.calls < 1.0 {
                let wait = Duration::from_secs_f64((1.0 - used.calls) / self.per_second);
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
