//! What the pictures have in common: the document, the colours, and text.
//!
//! The colours are readable on light and on dark pages, and change with the reader's preference where it is known.

use crate::format;

/// The widest character of each text in pixels, as far as fonts agree; and how many characters are shown.
pub(in crate::draw) const NAME: (f64, usize) = (7.8, 30);
pub(in crate::draw) const AGENT: (f64, usize) = (6.3, 36);
pub(in crate::draw) const MARK: (f64, usize) = (5.8, 44);
pub(in crate::draw) const LABEL: (f64, usize) = (5.8, 32);

/// The longest text that a pointer shows.
const MAX_TITLE: usize = 400;

/// The longest heading of a frame.
const MAX_HEADING: usize = 80;

const STYLE: &str = "\
.box{fill:#f6f8fa;stroke:#8c959f;stroke-width:1.25}\
.name{fill:#1f2328;font-size:13px;font-weight:600}\
.agent{fill:#59636e;font-size:11px}\
.mark{fill:#59636e;font-size:10px}\
.edge{fill:none;stroke:#818b98;stroke-width:1.5}\
.head{fill:#818b98}\
.frame{fill:none;stroke:#8c959f;stroke-dasharray:2 4}\
.grid{stroke:#818b98;stroke-opacity:.3}\
.label{fill:#59636e;font-size:10px}\
.plate{fill:#ffffff;fill-opacity:.9}\
.fallback{stroke-dasharray:5 4;stroke:#bf8700}\
.never .box,.never.edge{stroke-dasharray:5 4}\
.never .box{fill:none}\
.never .name,.never .agent{fill:#818b98}\
.done .box{fill:#dafbe1;stroke:#1a7f37}\
.degraded .box{fill:#fff8c5;stroke:#9a6700}\
.failed .box,.limited .box{fill:#ffebe9;stroke:#cf222e}\
.cancelled .box{fill:#fbefff;stroke:#8250df}\
.skipped .box{fill:none;stroke-dasharray:5 4}\
@media (prefers-color-scheme:dark){\
.box{fill:#212830;stroke:#656c76}.name{fill:#e6edf3}.agent,.mark,.label{fill:#9198a1}.plate{fill:#0d1117}\
.done .box{fill:#12361f;stroke:#3fb950}.degraded .box{fill:#3b2e0a;stroke:#d29922}\
.failed .box,.limited .box{fill:#4a1c1f;stroke:#f85149}.cancelled .box{fill:#2b1f45;stroke:#a371f7}\
.skipped .box{fill:none}}";

/// A whole picture.
pub(in crate::draw) fn document(title: &str, (width, height): (f64, f64), body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.1} {height:.1}\" role=\"img\" \
         font-family=\"ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n\
         <defs><marker id=\"arrow\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path class=\"head\" d=\"M0 1 L10 5 L0 9 z\"/></marker></defs>\n{body}</svg>",
        escape(title)
    )
}

/// How wide a text is at most, in pixels.
pub(in crate::draw) fn width(text: &str, font: (f64, usize)) -> f64 {
    font.0 * text.chars().count() as f64
}

/// A heading that is not too long.
pub(in crate::draw) fn shorten(text: &str) -> String {
    format::shorten(text, MAX_HEADING)
}

/// What a pointer shows.
pub(in crate::draw) fn tooltip(text: &str) -> String {
    escape(&format::shorten(text, MAX_TITLE))
}

/// Text for XML 1.0, without the characters that it cannot hold.
pub(in crate::draw) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
