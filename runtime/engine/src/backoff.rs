//! How long to wait before the next attempt: exponential backoff with a cap and jitter (Brooker, "Exponential Backoff And
//! Jitter", AWS Architecture Blog, 2015). Chance comes in as a number.

use std::time::Duration;

use hap_model::Retry;

/// The wait after attempt number `attempt` (from 1) failed. `chance` is from 0 to 1: the jittered share of the wait is
/// multiplied by it. A wait that the agent asked for is the least.
pub(crate) fn delay(retry: &Retry, attempt: u32, asked_for: Option<Duration>, chance: f64) -> Duration {
    let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let seconds = retry.delay.as_secs_f64() * retry.factor.powi(exponent);
    let capped = seconds.min(retry.max_delay.as_secs_f64());
    let jittered = capped * (1.0 - retry.jitter * (1.0 - chance.clamp(0.0, 1.0)));
    // `capped` is finite and not negative, and so is its share.
    let backoff = Duration::try_from_secs_f64(jittered).unwrap_or(retry.max_delay);
    backoff
        .max(asked_for.unwrap_or_default())
        .min(hap_model::MAX_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry() -> Retry {
        Retry {
            delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(1),
            jitter: 0.5,
            ..Retry::default()
        }
    }

    #[test]
    fn waits_grow_by_the_factor_up_to_the_cap() {
        let waits: Vec<u128> = (1..=6)
            .map(|n| delay(&retry(), n, None, 1.0).as_millis())
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(delay(&retry(), u32::MAX, None, 1.0), Duration::from_secs(1));
    }

    #[test]
    fn jitter_takes_away_its_share_at_most() {
        assert_eq!(delay(&retry(), 1, None, 0.0), Duration::from_millis(50));
        assert_eq!(delay(&retry(), 1, None, 0.5), Duration::from_millis(75));
        let without = Retry {
            jitter: 0.0,
            ..retry()
        };
        assert_eq!(delay(&without, 1, None, 0.0), Duration::from_millis(100));
    }

    #[test]
    fn what_the_agent_asks_for_is_the_least_even_beyond_the_cap() {
        let asked = Some(Duration::from_secs(5));
        assert_eq!(delay(&retry(), 1, asked, 1.0), Duration::from_secs(5));
        let absurd = Some(Duration::from_millis(u64::MAX));
        assert_eq!(delay(&retry(), 1, absurd, 1.0), hap_model::MAX_WAIT);
    }
}
