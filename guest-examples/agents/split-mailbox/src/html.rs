//! HTML as plain text: enough for mail, which has paragraphs, tables and links.

/// Elements whose content is not for readers.
const HIDDEN: [&str; 4] = ["head", "script", "style", "title"];
/// Elements that end a line.
const BLOCKS: [&str; 11] = [
    "blockquote",
    "br",
    "div",
    "h1",
    "h2",
    "h3",
    "hr",
    "li",
    "p",
    "table",
    "tr",
];
/// What stands for a character.
const ENTITIES: [(&str, &str); 14] = [
    ("amp", "&"),
    ("apos", "'"),
    ("auml", "ä"),
    ("copy", "©"),
    ("euro", "€"),
    ("gt", ">"),
    ("lt", "<"),
    ("mdash", "—"),
    ("nbsp", " "),
    ("ndash", "–"),
    ("oslash", "ø"),
    ("ouml", "ö"),
    ("quot", "\""),
    ("uuml", "ü"),
];

/// The text of a page; the target of a link follows its words in brackets.
pub(crate) fn text(html: &str) -> String {
    let mut text = String::new();
    let mut hidden: Option<String> = None;
    let mut links: Vec<String> = Vec::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        if hidden.is_none() {
            words(before, &mut text);
        }
        let (tag, next) = after.split_once('>').unwrap_or((after, ""));
        rest = next;
        let is_end = tag.starts_with('/');
        let name = tag
            .trim_start_matches('/')
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next();
        let name = name.unwrap_or_default().to_ascii_lowercase();
        match &hidden {
            Some(outer) if is_end && *outer == name => hidden = None,
            Some(_) => {}
            None if HIDDEN.contains(&name.as_str()) && !is_end => hidden = Some(name),
            None if BLOCKS.contains(&name.as_str()) => {
                text.truncate(text.trim_end_matches(' ').len());
                let wanted = match name.as_str() {
                    "br" => text.len() - text.trim_end_matches('\n').len() + 1,
                    "p" => 2,
                    _ => 1,
                };
                while !text.ends_with("\n".repeat(wanted).as_str()) {
                    text.push('\n');
                }
            }
            None if name == "td" && is_end => text.push(' '),
            None if name == "a" && !is_end => links.extend(target(tag)),
            None if name == "a" => text.extend(links.pop().map(|link| format!(" ({link})"))),
            None => {}
        }
    }
    if hidden.is_none() {
        words(rest, &mut text);
    }
    text.trim().to_owned()
}

/// The address in `<a href="…">`.
fn target(tag: &str) -> Option<String> {
    let (_, value) = tag.split_once("href=")?;
    let quote = value.chars().next()?;
    let end = if matches!(quote, '"' | '\'') { quote } else { ' ' };
    let link = value.trim_start_matches(end).split(end).next()?;
    Some(link.to_owned())
}

/// Adds running text, in which line breaks are spaces.
fn words(html: &str, text: &mut String) {
    let mut space = html.starts_with(char::is_whitespace);
    for word in html.split_whitespace() {
        if space && !text.is_empty() && !text.ends_with(['\n', ' ']) {
            text.push(' ');
        }
        entities(word, text);
        space = true;
    }
    if html.ends_with(char::is_whitespace) && !text.is_empty() && !text.ends_with(['\n', ' ']) {
        text.push(' ');
    }
}

fn entities(word: &str, text: &mut String) {
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let known = after
            .split_once(';')
            .and_then(|(name, next)| Some((entity(name)?, next)));
        match known {
            Some((character, next)) => {
                text.push_str(&character);
                rest = next;
            }
            None => {
                text.push('&');
                rest = after;
            }
        }
    }
    text.push_str(rest);
}

fn entity(name: &str) -> Option<String> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).map(String::from);
    }
    let (_, text) = ENTITIES.iter().find(|(known, _)| *known == name)?;
    Some((*text).to_owned())
}
