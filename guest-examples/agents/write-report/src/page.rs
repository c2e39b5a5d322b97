//! The page, part by part.

use crate::{Case, Message, Sender};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write;

/// A message and what became of it.
type Handled<'r> = (&'r Message, &'r Case);

pub(crate) fn page(title: &str, messages: &[Message], cases: &[Option<Case>]) -> String {
    let mut handled: Vec<Handled<'_>> = Vec::new();
    let mut rest: Vec<&Message> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        match cases.get(index).and_then(Option::as_ref) {
            Some(case) => handled.push((message, case)),
            None => rest.push(message),
        }
    }
    // Stable, so that of equally urgent ones the earlier comes first.
    handled.sort_by_key(|(_, case)| Reverse(case.urgency));
    let (answered, filed): (Vec<Handled<'_>>, Vec<Handled<'_>>) =
        handled.iter().partition(|(_, case)| case.answer.is_some());

    let mut page = format!(
        "# {}\n\n{}\n",
        line(title),
        summary(messages.len(), &handled, rest.len())
    );
    table(&mut page, &answered);
    // Writing to a string does not fail.
    if !filed.is_empty() {
        page.push_str("\n## No answer needed\n\n");
    }
    for (message, case) in filed {
        let _ = write!(page, "- {}: {}", name(message), case.kind);
        if !case.hosts.is_empty() {
            let _ = write!(page, "; links to {}", line(&case.hosts.join(", ")));
        }
        page.push('\n');
    }
    if !rest.is_empty() {
        page.push_str("\n## Not handled: a person must look\n\n");
    }
    for message in rest {
        let reason = message.unreadable.as_deref().unwrap_or("see the run's failures");
        let _ = writeln!(page, "- {}: {}", name(message), line(reason));
    }
    if !answered.is_empty() {
        page.push_str("\n## Drafts\n");
    }
    for (message, case) in answered {
        draft(&mut page, message, case);
    }
    page
}

/// `26 messages: 7 bug, 6 question; 1 not handled.`
fn summary(messages: usize, handled: &[Handled<'_>], rest: usize) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, case) in handled {
        *kinds.entry(case.kind.as_str()).or_default() += 1;
    }
    let mut kinds: Vec<(&str, usize)> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, count)| Reverse(*count));
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let plural = if messages == 1 { "" } else { "s" };
    format!(
        "{messages} message{plural}: {}; {rest} not handled.",
        kinds.join(", ")
    )
}

fn table(page: &mut String, answered: &[Handled<'_>]) {
    if answered.is_empty() {
        return;
    }
    page.push_str("\n## To answer, the most urgent first\n\n");
    page.push_str("| urgency | message | from | kind | owner | tags |\n|---|---|---|---|---|---|\n");
    for (message, case) in answered {
        let customer = case.customer.as_ref();
        let from = customer
            .and_then(|customer| customer.name.as_deref())
            .unwrap_or(shown(&message.from));
        let owner = customer.map_or("", |customer| customer.owner.as_str());
        let _ = writeln!(
            page,
            "| {} | {}. {} | {} | {} ({:.0} %) | {} | {} |",
            case.urgency,
            message.number,
            line(&message.subject),
            line(from),
            line(&case.kind),
            case.confidence * 100.0,
            line(owner),
            line(&case.tags.join(", "))
        );
    }
}

fn draft(page: &mut String, message: &Message, case: &Case) {
    let _ = writeln!(page, "\n### {}\n", name(message));
    if let Some(bug) = &case.bug {
        let error = bug
            .error
            .as_deref()
            .map(|error| format!("`{}`", error.replace('`', "'").replace('\n', " ")));
        let frames = (!bug.frames.is_empty()).then(|| format!("in {}", line(&bug.frames.join(" ← "))));
        let versions =
            (!bug.versions.is_empty()).then(|| format!("version {}", line(&bug.versions.join(", "))));
        let facts: Vec<String> = [error, frames, versions].into_iter().flatten().collect();
        if !facts.is_empty() {
            let _ = writeln!(page, "{}\n", facts.join("; "));
        }
    }
    if let Some(gist) = case.gist.as_ref().filter(|gist| !gist.sentences.is_empty()) {
        let _ = writeln!(page, "{}\n", line(&gist.sentences.join(" ")));
    }
    for text in case.answer.iter().flat_map(|answer| answer.lines()) {
        let text = text.replace('<', "&lt;");
        let _ = writeln!(page, "{}", format!("> {text}").trim_end());
    }
    let articles: Vec<&str> = case
        .articles
        .iter()
        .filter_map(|name| name.rsplit('/').next())
        .collect();
    let from = if articles.is_empty() {
        String::new()
    } else {
        format!(" from {}", articles.join(", "))
    };
    let cuts = match case.cuts.len() {
        0 => String::new(),
        1 => ", after 1 cut".to_owned(),
        cuts => format!(", after {cuts} cuts"),
    };
    let _ = writeln!(page, "\n{} words{from}{cuts}.", case.words);
}

/// `3. Invoice missing (Kim Lee)`.
fn name(message: &Message) -> String {
    format!(
        "{}. {} ({})",
        message.number,
        line(&message.subject),
        line(shown(&message.from))
    )
}

fn shown(sender: &Sender) -> &str {
    sender.name.as_deref().unwrap_or(&sender.address)
}

/// Text of a stranger on one line, without markup that would break the page.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|").replace('<', "&lt;")
}
