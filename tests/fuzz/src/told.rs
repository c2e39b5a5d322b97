//! Messages quote texts of strangers, and are read by people on terminals.

/// A message says something, stays short, and holds nothing that a terminal would obey or that would change how the
/// text around it is read.
pub fn is_told_well(message: &str, max_bytes: usize) {
    let obeyed =
        |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}');
    assert!(!message.is_empty(), "a message says nothing");
    assert!(!message.contains(obeyed), "a terminal would obey {message:?}");
    assert!(
        message.len() <= max_bytes,
        "{} bytes of message: {message}",
        message.len()
    );
}
