//! How many syllables an English word has, by its spelling. Right for most words, and its errors even out.

/// The syllables of a word; at least one.
pub(crate) fn syllables(word: &str) -> u32 {
    // A compound has the syllables of its parts, and a number is read as about one a digit.
    word.split(['-', '/', '–', '—']).map(part).sum::<u32>().max(1)
}

fn part(word: &str) -> u32 {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters: Vec<char> = word
        .chars()
        .filter(|c| c.is_alphabetic())
        .flat_map(char::to_lowercase)
        .collect();
    let groups = letters
        .chunk_by(|a, b| is_vowel(*a) && is_vowel(*b))
        .filter(|group| group.first().is_some_and(|c| is_vowel(*c)))
        .count();
    let silent = match letters.as_slice() {
        // `table` keeps its ending, `make`, `makes` and `joined` lose it, `waited` and `changes` keep it.
        [.., before, 'l', 'e'] if !is_vowel(*before) => 0,
        [.., before, 'e'] if !is_vowel(*before) => 1,
        [.., before, 'e', 'd'] if !is_vowel(*before) && !matches!(before, 't' | 'd') => 1,
        [.., before, 'e', 's']
            if !is_vowel(*before) && !matches!(before, 's' | 'x' | 'z' | 'h' | 'c' | 'g') =>
        {
            1
        }
        _ => 0,
    };
    // `i-o` in `violation` is two; `ti-on` is one.
    let split = letters.windows(2).enumerate().filter(|(at, pair)| {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        matches!(pair, ['i', 'a' | 'o' | 'u'] | ['u', 'a'])
            && !matches!(before, Some('t' | 'c' | 's' | 'g' | 'q'))
    });
    let count = (groups + split.count())
        .saturating_sub(silent)
        .max(usize::from(!letters.is_empty()))
        + digits;
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn is_vowel(c: char) -> bool {
    matches!(
        c,
        'a' | 'e'
            | 'i'
            | 'o'
            | 'u'
            | 'y'
            | 'ä'
            | 'ö'
            | 'ü'
            | 'é'
            | 'è'
            | 'ê'
            | 'á'
            | 'à'
            | 'â'
            | 'í'
            | 'ó'
            | 'ú'
    )
}
