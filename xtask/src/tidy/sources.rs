//! Source files: their header, their size, and what must not be left in them.

/// A file longer than this is noted: it can probably be split by what lives in it.
const LINES_TO_AIM_AT: usize = 300;
/// A file longer than this is refused: nobody reads it in one go.
const MOST_LINES: usize = 600;

/// What must not stay in Rust code, each with what to do. Put together from halves, since this file is
/// checked too.
const LEFT_OVERS: &[(&str, &str)] = &[
    (
        concat!("#[", "ignore"),
        "make the test run everywhere, or delete it",
    ),
    (
        concat!("to", "do!("),
        "write the code, or return an error that says what is missing",
    ),
    (
        concat!("un", "implemented!("),
        "write the code, or return an error that says what is missing",
    ),
    (concat!("db", "g!("), "remove it"),
];

/// The folders of somebody's machine.
const MACHINE_FOLDERS: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
];

/// What is wrong with a Rust file, as sentences with their place.
pub(super) fn rust_problems(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if !text.starts_with("//!") {
        problems.push(format!(
            "{path}:1: the file does not start with `//!`: say what lives in it"
        ));
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        problems.push(format!(
            "{path}: {lines} lines, of at most {MOST_LINES}: split it by what lives in it"
        ));
    }
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for (left_over, remedy) in LEFT_OVERS {
            if contains_word(line, left_over) {
                problems.push(format!(
                    "{path}:{}: `{left_over}` was left in: {remedy}",
                    index + 1
                ));
            }
        }
    }
    problems
}

/// A note on a Rust file that is longer than we aim at.
pub(super) fn long_note(path: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LINES_TO_AIM_AT && lines <= MOST_LINES)
        .then(|| format!("{path} has {lines} lines (aim: {LINES_TO_AIM_AT})"))
}

/// Absolute paths that exist on one machine only, in a file of any kind.
pub(super) fn machine_paths(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(folder) = MACHINE_FOLDERS.iter().find(|folder| contains_path(line, folder)) {
            problems.push(format!(
                "{path}:{}: a path of one machine, `{folder}...`: make it relative",
                index + 1
            ));
        }
    }
    problems
}

/// Whether the line has `word` other than as the end of a longer word.
fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !ends_with_name_character(line.get(..at).unwrap_or_default()))
}

/// Whether the line has `folder` as the beginning of a path, not in the middle of one or of an address.
fn contains_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default();
        !ends_with_name_character(before) && !before.ends_with(['.', '/', '-', '~', '}', ')', '*'])
    })
}

fn ends_with_name_character(text: &str) -> bool {
    text.ends_with(|character: char| character.is_alphanumeric() || character == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_needs_a_header_and_a_bounded_size() {
        assert!(rust_problems("a.rs", "//! What lives here.\n").is_empty());
        assert_eq!(
            rust_problems("a.rs", "use x;\n"),
            ["a.rs:1: the file does not start with `//!`: say what lives in it"]
        );
        let lines = |count: usize| format!("//! Here.\n{}", "\n".repeat(count - 1));
        assert_eq!(long_note("a.rs", &lines(300)), None);
        assert_eq!(
            long_note("a.rs", &lines(301)).as_deref(),
            Some("a.rs has 301 lines (aim: 300)")
        );
        assert!(rust_problems("a.rs", &lines(600)).is_empty());
        assert_eq!(
            rust_problems("a.rs", &lines(601)),
            ["a.rs: 601 lines, of at most 600: split it by what lives in it"]
        );
    }

    #[test]
    fn left_overs_are_found_in_code_but_not_in_comments_or_longer_names() {
        let code = format!(
            "//! Here.\n    {}\n// {}\nmy_{}1)\n",
            LEFT_OVERS[1].0, LEFT_OVERS[1].0, LEFT_OVERS[3].0
        );
        let problems = rust_problems("a.rs", &code);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("a.rs:2: "), "{problems:?}");
    }

    #[test]
    fn paths_of_a_machine_are_found_but_not_parts_of_other_paths() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(machine_paths("a.md", &format!("see\n`{folder}me/x`")).len(), 1);
            assert!(
                machine_paths(
                    "a.md",
                    &format!("https://example.com{folder}x and target{folder}x")
                )
                .is_empty()
            );
        }
    }
}
