//! Numbers and names as people read them.

use std::time::Duration;

/// A time in two or three digits: `850 µs`, `12.3 ms`, `1.25 s`, `2 m 05 s`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.001 {
        format!("{} µs", duration.as_micros())
    } else if seconds < 1.0 {
        format!("{:.1} ms", seconds * 1000.0)
    } else if seconds < 60.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{} m {:02} s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}

/// A number of bytes: `512 B`, `1.5 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    scaled(bytes, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB"])
}

/// A large count: `950`, `1.2 M`.
pub(crate) fn count(count: u64) -> String {
    scaled(count, 1000.0, &["", "k", "M", "G", "T"])
}

fn scaled(number: u64, step: f64, units: &[&str]) -> String {
    let (mut value, mut unit) = (number as f64, 0);
    // What would be rounded up to a whole step belongs to the next unit.
    while value >= step - 0.05 && unit + 1 < units.len() {
        value /= step;
        unit += 1;
    }
    let name = units.get(unit).copied().unwrap_or_default();
    let digits = usize::from(unit > 0);
    format!("{value:.digits$} {name}").trim_end().to_owned()
}

/// A number of things: `1 node`, `2 nodes`.
pub(crate) fn things(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// The text, or its beginning and `…` where it has more than `max_chars` characters.
pub(crate) fn shorten(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(max_chars.saturating_sub(1)).collect();
            kept + "…"
        }
    }
}

/// The text, or `…` and its end where it has more than `max_chars` characters: a path's end tells most.
pub(crate) fn shorten_start(text: &str, max_chars: usize) -> String {
    let chars = text.chars().count();
    if chars <= max_chars {
        return text.to_owned();
    }
    let kept = text.chars().skip(chars - max_chars.saturating_sub(1));
    std::iter::once('…').chain(kept).collect()
}

/// The first `max` names joined by commas, and how many more there are.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>, max: usize) -> String {
    let mut names = names.into_iter();
    let shown: Vec<&str> = names.by_ref().take(max).collect();
    match names.count() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_carry_their_unit() {
        assert_eq!(duration(Duration::from_micros(850)), "850 µs");
        assert_eq!(duration(Duration::from_micros(12_340)), "12.3 ms");
        assert_eq!(duration(Duration::from_millis(1250)), "1.25 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 m 05 s");
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(3 << 19), "1.5 MiB");
        assert_eq!(bytes((1 << 20) - 1), "1.0 MiB");
        assert_eq!(count(950), "950");
        assert_eq!(count(1_234_567), "1.2 M");
        assert_eq!(things(1, "node"), "1 node");
    }

    #[test]
    fn long_names_keep_what_tells_most() {
        assert_eq!(shorten("abcdef", 6), "abcdef");
        assert_eq!(shorten("abcdefg", 6), "abcde…");
        assert_eq!(shorten_start("../agents/split.wasm", 11), "…split.wasm");
        assert_eq!(list(["a", "b", "c", "d"], 2), "a, b and 2 more");
    }
}
