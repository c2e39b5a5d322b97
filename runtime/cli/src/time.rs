//! The start time of a run, as people write it.

use std::time::{SystemTime, UNIX_EPOCH};

const FORMS: &str = "write `2026-01-31T08:30:00Z` or seconds since 1970";

/// Reads an instant as nanoseconds since 1970-01-01T00:00Z: an RFC 3339 date and time, or seconds.
pub(crate) fn unix_nanos(text: &str) -> Result<u64, String> {
    let nanos = match text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        true => seconds(text).map(|(seconds, nanos)| i128::from(seconds) * 1_000_000_000 + i128::from(nanos)),
        false => rfc3339(text),
    };
    let nanos = nanos.ok_or_else(|| format!("this is no instant: {FORMS}"))?;
    u64::try_from(nanos).map_err(|_| "the instant must lie between the years 1970 and 2554".to_owned())
}

/// Digits with an optional fraction, as seconds and nanoseconds.
fn seconds(text: &str) -> Option<(u64, u64)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let fraction = digits(fraction)? * 10u64.pow(9 - fraction.len() as u32);
    Some((digits(whole)?, fraction))
}

fn rfc3339(text: &str) -> Option<i128> {
    let (date, rest) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let (clock, offset_minutes) = match rest.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => {
            let (clock, offset) = rest.split_at_checked(rest.len().checked_sub(6)?)?;
            let minutes = clock_part(offset.get(1..)?, 24)?;
            match offset.as_bytes().first()? {
                b'+' => (clock, minutes),
                b'-' => (clock, -minutes),
                _ => return None,
            }
        }
    };
    let minutes = clock_part(clock.get(..5)?, 24)?;
    let (second, nanos) = seconds(clock.get(5..)?.strip_prefix(':')?)?;
    if clock.as_bytes().get(8).is_some_and(|byte| *byte != b'.') || second > 59 {
        return None;
    }
    let seconds = (days(date)? * 1440 + minutes - offset_minutes) * 60 + i64::try_from(second).ok()?;
    Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
}

/// `HH:MM` as minutes.
fn clock_part(text: &str, hours: i64) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    (hour < hours && minute < 60).then_some(hour * 60 + minute)
}

/// `YYYY-MM-DD` as days since 1970-01-01, in the Gregorian calendar.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let year = parts.next().filter(|year| year.len() == 4).and_then(digits)?;
    let year = i64::try_from(year).ok()?;
    let (month, day) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if parts.next().is_some() || !(1..=length).contains(&day) {
        return None;
    }
    // Years that begin in March put the leap day last, so that every month begins at a fixed day.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year / 4 - year / 100 + year / 400;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    // Days from the first of March of the year 0 to 1970-01-01.
    Some(year * 365 + leap_days + day_of_year - 719_468)
}

/// Seconds since 1970 as an RFC 3339 date and time.
pub(crate) fn rfc3339_text(seconds: u64) -> String {
    let (days, clock) = (seconds / 86_400, seconds % 86_400);
    // As in `days`: years begin in March. 719468 days lie between the first of March of the year 0 and 1970-01-01.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = era * 400 + year_of_era + later;
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// This instant as an RFC 3339 date and time, with milliseconds.
pub(crate) fn now_text() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let text = rfc3339_text(now.as_secs());
    format!("{}.{:03}Z", text.trim_end_matches('Z'), now.subsec_millis())
}

fn two_digits(text: &str) -> Option<i64> {
    let number = (text.len() == 2).then(|| digits(text)).flatten()?;
    i64::try_from(number).ok()
}

fn digits(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_they_are_read() {
        for seconds in [
            0,
            951_782_399,
            951_782_400,
            1_700_000_000,
            4_102_444_799,
            4_107_542_400,
        ] {
            let text = rfc3339_text(seconds);
            assert_eq!(unix_nanos(&text), Ok(seconds * 1_000_000_000), "{text}");
        }
    }

    #[test]
    fn instants_are_read_as_people_write_them() {
        let seconds = |text| unix_nanos(text).map(|nanos| (nanos / 1_000_000) as f64 / 1e3);
        assert_eq!(seconds("0"), Ok(0.0));
        assert_eq!(seconds("1700000000.5"), Ok(1_700_000_000.5));
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Ok(0.0));
        assert_eq!(seconds("2000-02-29T12:00:00Z"), Ok(951_825_600.0));
        assert_eq!(seconds("2026-01-31T08:30:00.25Z"), Ok(1_769_848_200.25));
        assert_eq!(seconds("2026-01-31T09:30:00+01:00"), Ok(1_769_848_200.0));
        assert_eq!(seconds("2026-01-31t04:00:00-04:30"), Ok(1_769_848_200.0));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for bad in [
            "",
            "now",
            ".",
            "1.",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:001Z",
            "2026-01-01T00:00:00+1",
            "2026-01-01T00:00:00é1:00",
            "99999999999999999999999",
        ] {
            assert!(unix_nanos(bad).unwrap_err().contains("write `"), "{bad}");
        }
        assert!(unix_nanos("1969-12-31T23:59:59Z").unwrap_err().contains("1970"));
        assert!(unix_nanos("9999-12-31T23:59:59Z").unwrap_err().contains("2554"));
    }
}
