//! Arguments of the form `KEY=VALUE`, and the budget's limits among them.

use hap::{Budget, Limit, nearest};

use crate::exit::Stop;

/// A key and what follows its first `=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyValue {
    /// Before the `=`; not empty.
    pub(crate) key: String,
    /// After it; may be empty and may contain `=`.
    pub(crate) value: String,
}

/// One limit of the budget and its value in the limit's unit.
pub(crate) type LimitValue = (Limit, u64);

/// Reads `KEY=VALUE`.
pub(crate) fn key_value(text: &str) -> Result<KeyValue, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok(KeyValue {
            key: key.to_owned(),
            value: value.to_owned(),
        }),
        Some(_) => Err("there is no key before the `=`".to_owned()),
        None => Err("there is no `=` between key and value".to_owned()),
    }
}

/// Reads `LIMIT=VALUE`.
pub(crate) fn limit_value(text: &str) -> Result<LimitValue, String> {
    let KeyValue { key, value } = key_value(text)?;
    let Some(limit) = Limit::from_name(&key) else {
        let names = Limit::ALL.map(Limit::name);
        return Err(match nearest(&key, names) {
            Some(near) => format!("there is no limit `{key}`; did you mean `{near}`?"),
            None => format!("there is no limit `{key}`; the limits are {}", names.join(", ")),
        });
    };
    limit.parse_value(&value).map(|value| (limit, value))
}

/// Reads `LIMIT=VALUE` of a run's budget.
pub(crate) fn run_limit_value(text: &str) -> Result<LimitValue, String> {
    let (limit, value) = limit_value(text)?;
    if limit.adds_up() {
        return Ok((limit, value));
    }
    Err(format!(
        "`{limit}` holds for each attempt by itself: set it with `--budget`"
    ))
}

/// `budget` with the limits of a flag, each of which may stand once.
pub(crate) fn budget(mut budget: Budget, flag: &str, limits: &[LimitValue]) -> Result<Budget, Stop> {
    for (index, (limit, value)) in limits.iter().enumerate() {
        if limits.iter().take(index).any(|(earlier, _)| earlier == limit) {
            let stop = Stop::bad_input(format!("`{flag} {limit}=…` is given twice"));
            return Err(stop.hint("keep one of the two"));
        }
        budget = budget.with(*limit, *value);
    }
    Ok(budget)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_equals_sign_parts_key_and_value() {
        let parsed = key_value("url=http://x?a=b").unwrap();
        assert_eq!((&*parsed.key, &*parsed.value), ("url", "http://x?a=b"));
        assert_eq!(key_value("empty=").unwrap().value, "");
        assert!(key_value("no").unwrap_err().contains("no `=`"));
        assert!(key_value("=x").unwrap_err().contains("no key"));
    }

    #[test]
    fn limits_are_read_with_their_units() {
        assert_eq!(limit_value("memory=64MiB"), Ok((Limit::Memory, 64 << 20)));
        assert_eq!(limit_value("wall-time=2s"), Ok((Limit::WallTime, 2000)));
        assert!(
            limit_value("fule=1")
                .unwrap_err()
                .contains("did you mean `fuel`?")
        );
        assert!(
            limit_value("time-of-day=1")
                .unwrap_err()
                .contains("the limits are fuel,")
        );
        assert!(limit_value("fuel=lots").unwrap_err().contains("whole number"));
    }

    #[test]
    fn a_limit_raises_the_default_and_stands_once() {
        let raised = budget(Budget::default(), "--budget", &[(Limit::WallTime, 60_000)]).unwrap();
        assert_eq!(raised.get(Limit::WallTime), 60_000);
        let stop = budget(
            Budget::default(),
            "--budget",
            &[(Limit::Fuel, 1), (Limit::Fuel, 2)],
        )
        .unwrap_err();
        assert_eq!(stop.message, "`--budget fuel=…` is given twice");
    }
}
