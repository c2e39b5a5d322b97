//! Numbers in digits and in words.

const UNITS: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: &[&str] = &[
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];

/// Numbers in words, up to the thousands, for regular expressions.
pub(crate) fn words_pattern() -> String {
    let units = UNITS.iter().skip(1);
    let words: Vec<&str> = units
        .chain(TENS)
        .chain(&["hundred", "thousand"])
        .copied()
        .collect();
    // The longer first, because the first that fits is taken: "seventeen" before "seven".
    let word = words.iter().rev().copied().collect::<Vec<_>>().join("|");
    format!("(?:{word})(?:(?:-| | and )(?:{word}))*")
}

/// The value of a number in words: `two hundred and five`.
pub(crate) fn words(text: &str) -> Option<u64> {
    let (mut total, mut part) = (0_u64, 0_u64);
    for word in text
        .to_lowercase()
        .split([' ', '-'])
        .filter(|word| *word != "and")
    {
        let position = |list: &[&str]| {
            list.iter()
                .position(|name| *name == word)
                .and_then(|at| u64::try_from(at).ok())
        };
        match word {
            "hundred" => part = part.max(1).checked_mul(100)?,
            "thousand" => {
                total = total.checked_add(part.max(1).checked_mul(1000)?)?;
                part = 0;
            }
            _ => {
                part =
                    part.checked_add(position(UNITS).or_else(|| position(TENS).map(|tens| (tens + 2) * 10))?)?
            }
        }
    }
    total.checked_add(part)
}

/// A number in digits with separators, as a decimal with a dot: `1,000.50` becomes `1000.50`, `1'000` becomes
/// `1000`, and `1.000,50` becomes `1000.50`.
pub(crate) fn decimal(text: &str) -> String {
    let last = text.rfind(['.', ',']);
    let digits = |part: &str| part.chars().filter(char::is_ascii_digit).collect::<String>();
    let Some((whole, fraction)) = last.and_then(|at| text.split_at_checked(at)) else {
        return digits(text);
    };
    let fraction = fraction.get(1..).unwrap_or_default();
    // A comma before three digits separates thousands; so does any separator that occurs twice.
    let separator = text.get(whole.len()..whole.len() + 1).unwrap_or_default();
    let is_thousands =
        separator == "," && fraction.len() == 3 && !whole.contains('.') || whole.contains(separator);
    match is_thousands {
        true => digits(text),
        false => format!("{}.{}", digits(whole), digits(fraction)),
    }
}

/// A decimal times a power of ten: `1.5` and 6 make `1500000`.
pub(crate) fn shift(decimal: &str, places: usize) -> String {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let moved: String = fraction
        .chars()
        .chain(std::iter::repeat('0'))
        .take(places)
        .collect();
    let rest: String = fraction.chars().skip(places).collect();
    let digits = format!("{whole}{moved}");
    let whole = digits.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if rest.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{rest}")
    }
}
