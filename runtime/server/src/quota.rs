//! What one tenant may use: what the settings say for every tenant, and the numbers that a tenant has of its own.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::auth::TenantId;
use crate::settings::{Settings, units};

/// The numbers that hold for one tenant in place of those of the [`Settings`]. What is `None` is as for everybody.
///
/// They can be read from a file, as the settings are.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// In place of [`Settings::max_requests_per_tenant`].
    #[serde(deserialize_with = "some_count")]
    pub max_requests: Option<usize>,
    /// In place of [`Settings::max_runs_per_tenant`].
    #[serde(deserialize_with = "some_count")]
    pub max_runs: Option<usize>,
    /// In place of [`Settings::max_graphs_per_tenant`].
    #[serde(deserialize_with = "some_count")]
    pub max_graphs: Option<usize>,
    /// In place of [`Settings::calls_per_second`].
    #[serde(deserialize_with = "some_rate")]
    pub calls_per_second: Option<u32>,
    /// In place of [`Settings::calls_at_once`].
    #[serde(deserialize_with = "some_rate")]
    pub calls_at_once: Option<u32>,
    /// In place of [`Settings::fuel_per_run`].
    #[serde(deserialize_with = "some_fuel")]
    pub fuel_per_run: Option<u64>,
    /// In place of [`Settings::fuel_per_day`].
    #[serde(deserialize_with = "some_fuel")]
    pub fuel_per_day: Option<u64>,
    /// In place of [`Settings::run_time_per_day`].
    #[serde(deserialize_with = "some_time")]
    pub run_time_per_day: Option<Duration>,
}

fn some_count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<usize>, D::Error> {
    units::count(from).map(Some)
}

fn some_rate<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    units::rate(from).map(Some)
}

fn some_fuel<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    units::fuel(from).map(Some)
}

fn some_time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    units::time(from).map(Some)
}

/// What a tenant may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    /// Requests at one time.
    pub(crate) requests: usize,
    /// Runs at one time.
    pub(crate) runs: usize,
    /// Graphs of its own.
    pub(crate) graphs: usize,
    pub(crate) calls_per_second: f64,
    pub(crate) calls_at_once: f64,
    pub(crate) fuel_per_run: u64,
    pub(crate) fuel_per_day: u64,
    pub(crate) run_time_per_day: Duration,
}

impl Settings {
    /// What the tenant may use.
    pub(crate) fn allowed(&self, tenant: &TenantId) -> Allowed {
        let own = self.tenants.get(tenant).cloned().unwrap_or_default();
        let per_second = own.calls_per_second.unwrap_or(self.calls_per_second);
        let at_once = own.calls_at_once.unwrap_or(self.calls_at_once);
        Allowed {
            requests: own.max_requests.unwrap_or(self.max_requests_per_tenant),
            runs: own.max_runs.unwrap_or(self.max_runs_per_tenant),
            graphs: own.max_graphs.unwrap_or(self.max_graphs_per_tenant),
            // A rate of nothing would be a wait without an end.
            calls_per_second: f64::from(per_second.max(1)),
            calls_at_once: f64::from(at_once.max(1)),
            fuel_per_run: own.fuel_per_run.unwrap_or(self.fuel_per_run),
            fuel_per_day: own.fuel_per_day.unwrap_or(self.fuel_per_day),
            run_time_per_day: own.run_time_per_day.unwrap_or(self.run_time_per_day),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_of_tenants_are_read_by_their_names() {
        let read = |text| serde_json::from_str::<std::collections::BTreeMap<TenantId, Quota>>(text);
        let quotas = read(r#"{"acme": {"max_runs": 2, "fuel_per_day": 1000}}"#).unwrap();
        let acme = &quotas[&TenantId::parse("acme").unwrap()];
        assert_eq!(
            (acme.max_runs, acme.fuel_per_day, acme.max_graphs),
            (Some(2), Some(1000), None)
        );
        assert!(
            read(r#"{"a b": {}}"#)
                .unwrap_err()
                .to_string()
                .contains("a tenant is")
        );
        assert!(read(r#"{"acme": {"max_rnus": 2}}"#).is_err());
    }

    #[test]
    fn a_tenant_has_its_own_numbers_and_where_it_has_none_those_of_everybody() {
        let settings = Settings {
            tenants: [(
                TenantId::parse("acme").unwrap(),
                Quota {
                    max_runs: Some(2),
                    ..Quota::default()
                },
            )]
            .into(),
            ..Settings::default()
        };
        let acme = settings.allowed(&TenantId::parse("acme").unwrap());
        let other = settings.allowed(&TenantId::local());
        assert_eq!((acme.runs, other.runs), (2, settings.max_runs_per_tenant));
        assert_eq!(acme.requests, other.requests);
    }
}
