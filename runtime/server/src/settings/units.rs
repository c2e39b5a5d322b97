//! How bounds are written: numbers, numbers of bytes and times, each more than zero and less than what no machine has.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserializer, Error, Visitor};

/// The most of anything that can be set: what counts places is not made for more.
const MAX_COUNT: u64 = 1_000_000_000;

/// The most bytes that can be set: 1 PiB.
const MAX_BYTES: u64 = 1 << 50;

/// The longest time that can be set: a year. Clocks can be asked for that.
const MAX_SECONDS: u64 = 365 * 24 * 3600;

const BYTES: Unit = Unit {
    what: "a number of bytes such as `8MiB`",
    names: &[
        ("", 1),
        ("B", 1),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ],
    max: MAX_BYTES,
};

const COUNT: Unit = Unit {
    what: "a whole number",
    names: &[("", 1)],
    max: MAX_COUNT,
};

/// In units of fuel. Any number will do.
const FUEL: Unit = Unit {
    max: u64::MAX,
    ..COUNT
};

/// In milliseconds.
const TIME: Unit = Unit {
    what: "a time such as `30s` (ms, s, m, h, d)",
    names: &[
        ("ms", 1),
        ("s", 1000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ],
    max: MAX_SECONDS * 1000,
};

pub(crate) fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let value = from.deserialize_any(BYTES)?;
    usize::try_from(value).map_err(D::Error::custom)
}

pub(crate) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let value = from.deserialize_any(COUNT)?;
    usize::try_from(value).map_err(D::Error::custom)
}

pub(crate) fn rate<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let value = from.deserialize_any(COUNT)?;
    u32::try_from(value).map_err(D::Error::custom)
}

pub(crate) fn fuel<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    from.deserialize_any(FUEL)
}

pub(crate) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    from.deserialize_any(TIME).map(Duration::from_millis)
}

/// What a value is counted in.
struct Unit {
    what: &'static str,
    /// The spellings with their factors. Only where the first one is empty, a plain number will do.
    names: &'static [(&'static str, u64)],
    max: u64,
}

impl Unit {
    fn checked<E: Error>(&self, value: Option<u64>, written: &dyn fmt::Display) -> Result<u64, E> {
        match value {
            None => Err(E::custom(format!("`{written}` is not {}", self.what))),
            Some(0) => Err(E::custom("it must be more than zero")),
            Some(value) if value > self.max => Err(E::custom(format!("`{written}` is more than can be set"))),
            Some(value) => Ok(value),
        }
    }
}

impl Visitor<'_> for Unit {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
        let plain = self.names.first().is_some_and(|(name, _)| name.is_empty());
        self.checked(plain.then_some(value), &value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<u64, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            Err(_) => self.checked(None, &value),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(end);
        let factor = self.names.iter().find(|(name, _)| *name == unit.trim());
        let value = digits
            .parse::<u64>()
            .ok()
            .zip(factor)
            .map(|(number, (_, factor))| number.saturating_mul(*factor));
        self.checked(value, &hap::sanitize(text, 100))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::Settings;

    fn read(value: Value) -> Result<Settings, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn bounds_are_written_with_their_units() {
        let settings = read(json!({
            "max_request_bytes": "2 MiB", "max_finished_bytes": 1000, "max_runs": 3, "calls_per_second": 7,
            "drain": "1500ms", "graph_timeout": "2h", "max_finished_age": "3d", "cancel_on_disconnect": false,
        }))
        .unwrap();
        assert_eq!(
            (settings.max_request_bytes, settings.max_finished_bytes),
            (2 << 20, 1000)
        );
        assert_eq!((settings.max_runs, settings.calls_per_second), (3, 7));
        assert_eq!(settings.drain.as_millis(), 1500);
        assert_eq!(settings.graph_timeout.as_secs(), 7200);
        assert_eq!(settings.max_finished_age.as_secs(), 3 * 86_400);
        assert!(!settings.cancel_on_disconnect);
        // What is not said stays as it is.
        assert_eq!(settings.max_batch, Settings::default().max_batch);
    }

    #[test]
    fn what_is_no_bound_is_refused_with_what_would_be_one() {
        for (value, told) in [
            (json!({"max_runs": 0}), "more than zero"),
            (json!({"max_runs": -1}), "`-1` is not a whole number"),
            (json!({"max_runs": u64::MAX}), "more than can be set"),
            (json!({"max_runs": "many"}), "`many` is not a whole number"),
            (json!({"max_runs": true}), "expected a whole number"),
            (json!({"drain": 30}), "`30` is not a time such as `30s`"),
            (json!({"drain": "30"}), "`30` is not a time such as `30s`"),
            (json!({"drain": "99999999999999999999s"}), "is not a time"),
            (json!({"drain": "400d"}), "more than can be set"),
            (
                json!({"max_request_bytes": "8MB"}),
                "`8MB` is not a number of bytes such as `8MiB`",
            ),
            (json!({"calls_per_second": "x"}), "`x` is not a whole number"),
            (json!({"max_rnus": 1}), "unknown field `max_rnus`"),
            (json!({"audit": 1}), "unknown field `audit`"),
        ] {
            let error = read(value.clone()).unwrap_err();
            assert!(error.contains(told), "{value}: {error}");
        }
    }
}
