//! JSON laid out for people: every value keeps the text that it had, so no digit of a number is lost.

use hap::Json;

/// Lays an object out whose members are known to be good JSON.
pub(crate) fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a Json)>) -> String {
    let members: Vec<String> = members
        .into_iter()
        .map(|(key, value)| format!("{}:{}", string(key), value.as_str()))
        .collect();
    layout(&format!("{{{}}}", members.join(",")))
}

/// Lays a value out.
pub(crate) fn value(value: &Json) -> String {
    layout(value.as_str())
}

/// The text as a JSON string.
pub(crate) fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Lays well-formed JSON text out, one member or item a line. A scan over its tokens: it does not recurse.
fn layout(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match c {
            '{' | '[' => {
                while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                out.push(c);
                if let Some(close) = chars.next_if(|c| matches!(c, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => {
                in_string = c == '"';
                out.push(c);
            }
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    (0..depth).for_each(|_| out.push_str("  "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_laid_out_and_keep_their_digits() {
        let text = r#"{"a":[1.0,{"b": "x, \"y\": {z}\\"} ],"e":{ },"f":[],"n":12345678901234567890123}"#;
        let json = Json::parse(text, 10).unwrap();
        let expected = r#"{
  "a": [
    1.0,
    {
      "b": "x, \"y\": {z}\\"
    }
  ],
  "e": {},
  "f": [],
  "n": 12345678901234567890123
}"#;
        assert_eq!(value(&json), expected);
        assert_eq!(
            object([("k\"", &Json::parse("[]", 2).unwrap())]),
            "{\n  \"k\\\"\": []\n}"
        );
        assert_eq!(object([]), "{}");
    }
}
