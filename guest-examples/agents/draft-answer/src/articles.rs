//! The articles, and which of them fit a message.

use std::cmp::Reverse;
use std::collections::BTreeSet;

/// How many different keywords a message must have in common with an article.
const LEAST: usize = 2;

pub(crate) struct Article {
    pub(crate) name: String,
    keywords: Vec<String>,
    pub(crate) text: String,
}

impl Article {
    /// Nothing where the document has no keywords: it is no article then.
    pub(crate) fn parse(name: &str, document: &str) -> Option<Self> {
        let mut keywords = Vec::new();
        let mut text = String::new();
        for line in document.lines() {
            if let Some(words) = line.strip_prefix("Keywords:") {
                keywords.extend(words.split(',').map(|word| word.trim().to_lowercase()));
            } else if !line.starts_with("# ") {
                text.push_str(line);
                text.push('\n');
            }
        }
        (!keywords.is_empty()).then(|| Self {
            name: name.to_owned(),
            keywords,
            text: text.trim().to_owned(),
        })
    }
}

/// The articles that fit best, the best first; of equals the first by name.
pub(crate) fn fitting(articles: Vec<Article>, message: &str, most: usize) -> Vec<Article> {
    let words: BTreeSet<String> = message
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .collect();
    let fit = |article: &Article| {
        article
            .keywords
            .iter()
            .filter(|word| words.contains(*word))
            .count()
    };
    let mut fitting: Vec<(usize, Article)> = articles
        .into_iter()
        .map(|article| (fit(&article), article))
        .filter(|(fit, _)| *fit >= LEAST)
        .collect();
    fitting.sort_by(|(a, left), (b, right)| Reverse(a).cmp(&Reverse(b)).then(left.name.cmp(&right.name)));
    fitting
        .into_iter()
        .take(most)
        .map(|(_, article)| article)
        .collect()
}
