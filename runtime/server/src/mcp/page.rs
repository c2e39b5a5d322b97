//! Lists in pieces: a client that wants the next piece hands back the cursor of the one before.

use std::collections::BTreeMap;
use std::ops::Bound;

/// How many entries one answer has at most.
const PAGE: usize = 100;

/// The entries behind `cursor`, in the order of their keys, and the cursor for those that follow. The key of the last
/// entry is the cursor: so nothing is missed and nothing told twice when entries come and go in between.
pub(super) fn page<T>(
    entries: BTreeMap<String, T>,
    cursor: Option<String>,
) -> (Vec<(String, T)>, Option<String>) {
    let mut entries = entries;
    let mut rest = match cursor {
        Some(cursor) => {
            let after = entries.range::<String, _>((Bound::Excluded(&cursor), Bound::Unbounded));
            let first = after.map(|(key, _)| key.clone()).next();
            first.map(|first| entries.split_off(&first)).unwrap_or_default()
        }
        None => entries,
    }
    .into_iter();
    let page: Vec<_> = rest.by_ref().take(PAGE).collect();
    let next = rest.next().and(page.last()).map(|(key, _)| key.clone());
    (page, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_together_are_the_whole_list() {
        let entries: BTreeMap<String, usize> =
            (0..250).map(|number| (format!("{number:03}"), number)).collect();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let (page, next) = page(entries.clone(), cursor);
            assert!(page.len() <= PAGE);
            seen.extend(page.into_iter().map(|(_, number)| number));
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, (0..250).collect::<Vec<_>>());
    }

    #[test]
    fn a_cursor_that_nothing_follows_is_the_end() {
        let entries = BTreeMap::from([("a".to_owned(), 1)]);
        assert_eq!(page(entries.clone(), Some("a".into())), (Vec::new(), None));
        assert_eq!(page(entries, Some("0".into())).0.len(), 1);
    }
}
