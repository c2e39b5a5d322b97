//! The page, part by part.

use crate::Input;
use crate::findings::{Duty, Kind, Readability, Section, Terms, Value, Values};
use crate::markdown::{around, cell, count, one_line};
use std::collections::HashMap;
use std::fmt::{Display, Write};

pub(crate) struct Page<'s> {
    text: String,
    sections: HashMap<&'s str, &'s Section>,
}

impl<'s> Page<'s> {
    pub(crate) fn new(title: Option<&str>, sections: &'s [Section]) -> Self {
        let first = sections
            .iter()
            .map(|section| section.heading.as_str())
            .find(|heading| !heading.is_empty());
        let title = title.or(first).unwrap_or("the document");
        let sections = sections
            .iter()
            .map(|section| (section.id.as_str(), section))
            .collect();
        Self {
            text: format!("# Review of {}\n", one_line(title)),
            sections,
        }
    }

    pub(crate) fn summary(&mut self, input: &Input) {
        let mut parts = Vec::new();
        if let Some(last) = input.sections.last() {
            parts.push(format!(
                "{} lines in {}",
                last.last_line,
                count(input.sections.len(), "section")
            ));
        }
        if let Some(duties) = &input.duties {
            let of = |kind| duties.iter().filter(|duty| duty.kind == kind).count();
            for (kind, name) in [
                (Kind::Obligation, "obligation"),
                (Kind::Prohibition, "prohibition"),
                (Kind::Permission, "permission"),
                (Kind::Exemption, "exemption"),
            ] {
                parts.push(count(of(kind), name));
            }
        }
        if let Some(terms) = &input.terms {
            parts.push(count(terms.defined.len(), "defined term"));
        }
        if let Some(dates) = &input.dates {
            parts.push(count(dates.dates.len(), "date"));
            parts.push(count(dates.periods.len(), "period"));
            parts.push(count(dates.amounts.len(), "amount of money"));
            parts.push(count(dates.percentages.len(), "percentage"));
        }
        if let Some(readability) = &input.readability {
            let whole = &readability.whole;
            parts.push(format!(
                "{} words, of reading ease {} (school grade {})",
                whole.words, whole.reading_ease, whole.grade
            ));
        }
        if !parts.is_empty() {
            self.line(format_args!("\n{}.", parts.join("; ")));
        }
        self.line("\nFound by the form of the words: read the cited lines before you rely on them.");
    }

    pub(crate) fn duties(&mut self, duties: &[Duty]) {
        let binding = [Kind::Obligation, Kind::Prohibition];
        self.duties_of(
            "Who must do what",
            duties
                .iter()
                .filter(|duty| binding.contains(&duty.kind))
                .collect(),
        );
        self.duties_of(
            "Who may do what, and need not",
            duties
                .iter()
                .filter(|duty| !binding.contains(&duty.kind))
                .collect(),
        );
    }

    /// One table; actors with the most entries first, what names nobody last.
    fn duties_of(&mut self, heading: &str, duties: Vec<&Duty>) {
        self.line(format_args!("\n## {heading}\n"));
        if duties.is_empty() {
            return self.line("Nothing found.");
        }
        let key = |duty: &Duty| duty.actor.as_ref().map(|actor| actor.to_lowercase());
        let mut groups: Vec<(Option<String>, Vec<&Duty>)> = Vec::new();
        for duty in duties {
            match groups.iter_mut().find(|(actor, _)| *actor == key(duty)) {
                Some((_, group)) => group.push(duty),
                None => groups.push((key(duty), vec![duty])),
            }
        }
        // Stable, so that of equals the first in the document comes first.
        groups.sort_by_key(|(actor, group)| (actor.is_none(), std::cmp::Reverse(group.len())));
        self.line("| who | | what | where |\n|---|---|---|---|");
        for duty in groups.into_iter().flat_map(|(_, group)| group) {
            let verb = match duty.kind {
                Kind::Obligation => "must",
                Kind::Prohibition => "must not",
                Kind::Permission => "may",
                Kind::Exemption => "need not",
            };
            let actor = duty.actor.as_deref().unwrap_or("(not named)");
            let place = self.place(duty.section.as_deref(), duty.line);
            self.line(format_args!(
                "| {} | {verb} | {} | {place} |",
                cell(actor),
                cell(&duty.clause)
            ));
        }
    }

    pub(crate) fn values(&mut self, values: &Values) {
        self.line("\n## Dates, periods and amounts\n");
        let mut all: Vec<&Value> = [
            &values.dates,
            &values.periods,
            &values.amounts,
            &values.percentages,
        ]
        .into_iter()
        .flatten()
        .collect();
        if all.is_empty() {
            return self.line("Nothing found.");
        }
        all.sort_by_key(|value| value.line);
        self.line("| value | sentence | where |\n|---|---|---|");
        for value in all {
            let bound = value
                .bound
                .as_ref()
                .map(|bound| format!("{bound} "))
                .unwrap_or_default();
            let iso = value
                .iso
                .as_ref()
                .map(|iso| format!(" ({iso})"))
                .unwrap_or_default();
            let (text, sentence) = (cell(&value.text), around(&value.sentence, &value.text));
            let place = self.place(value.section.as_deref(), value.line);
            self.line(format_args!(
                "| {bound}{text}{iso} | {} | {place} |",
                cell(&sentence)
            ));
        }
    }

    pub(crate) fn terms(&mut self, terms: &Terms) {
        self.line("\n## Terms\n");
        let list = |items: Vec<String>| {
            if items.is_empty() {
                "none".to_owned()
            } else {
                items.join(", ")
            }
        };
        let unused = terms.defined.iter().filter(|term| term.uses == 0);
        let unused = unused.map(|term| format!("“{}” (l. {})", one_line(&term.term), term.line));
        self.line(format_args!(
            "- Defined but never used: {}.",
            list(unused.collect())
        ));
        let again = terms
            .defined
            .iter()
            .filter(|term| !term.defined_again.is_empty())
            .map(|term| {
                let lines = [&[term.line], term.defined_again.as_slice()]
                    .concat()
                    .iter()
                    .map(u32::to_string)
                    .collect::<Vec<_>>()
                    .join(", ");
                format!("“{}” (l. {lines})", one_line(&term.term))
            });
        self.line(format_args!(
            "- Defined more than once: {}.",
            list(again.collect())
        ));
        let undefined = terms.undefined.iter();
        let undefined = undefined.map(|term| {
            format!(
                "“{}” (l. {}, {})",
                one_line(&term.term),
                term.line,
                count(term.uses as usize, "use")
            )
        });
        self.line(format_args!(
            "- Capitalised like terms but not defined (names among them): {}.",
            list(undefined.collect())
        ));
        let mut used: Vec<_> = terms.defined.iter().filter(|term| term.uses > 0).collect();
        used.sort_by_key(|term| std::cmp::Reverse(term.uses));
        let used = used
            .iter()
            .map(|term| format!("{} ({}, l. {})", one_line(&term.term), term.uses, term.line));
        self.line(format_args!(
            "- Defined and used, with the number of uses: {}.",
            list(used.collect())
        ));
    }

    pub(crate) fn readability(&mut self, readability: &Readability, hardest: usize) {
        self.line("\n## Hardest sections\n");
        let mut sections: Vec<_> = readability.sections.iter().collect();
        sections.sort_by(|a, b| b.score.grade.total_cmp(&a.score.grade));
        self.line(
            "| section | school grade | reading ease | words per sentence | words |\n|---|---|---|---|---|",
        );
        for section in sections.into_iter().take(hardest) {
            let score = &section.score;
            let name = self.label(&section.section);
            self.line(format_args!(
                "| {} | {} | {} | {} | {} |",
                cell(&name),
                score.grade,
                score.reading_ease,
                score.words_per_sentence,
                score.words
            ));
        }
        let longest = readability.longest.iter().map(|long| {
            format!(
                "{} words, {}",
                long.words,
                self.place(long.section.as_deref(), long.line)
            )
        });
        let longest = longest.collect::<Vec<_>>().join("; ");
        if !longest.is_empty() {
            self.line(format_args!("\nLongest sentences: {longest}."));
        }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    fn line(&mut self, text: impl Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{text}");
    }

    /// `4 Conveying Verbatim Copies`.
    fn label(&self, id: &str) -> String {
        let Some(section) = self.sections.get(id) else {
            return id.to_owned();
        };
        let label = format!(
            "{} {}",
            section.number.as_deref().unwrap_or_default(),
            section.heading
        );
        if label.trim().is_empty() {
            "(before the first heading)".to_owned()
        } else {
            label.trim().to_owned()
        }
    }

    /// `§ 8, l. 409`, or the heading where there is no number.
    fn place(&self, section: Option<&str>, line: u32) -> String {
        let section = section.and_then(|id| self.sections.get(id));
        match section.map(|section| (section.number.as_deref(), section.heading.as_str())) {
            Some((Some(number), _)) if number.starts_with(|c: char| c.is_ascii_digit()) => {
                format!("§ {number} (l. {line})")
            }
            Some((Some(name), _)) | Some((None, name)) if !name.is_empty() => {
                format!("{} (l. {line})", cell(name))
            }
            _ => format!("l. {line}"),
        }
    }
}
