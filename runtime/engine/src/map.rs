//! A node's work, done for each item of a list. All items are worked on whatever becomes of one of them, so that what
//! happens does not depend on timing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hap_model::{
    BoxFuture, EventKind, FailedItems, Failure, FailureKind, ItemCounts, Json, MAX_CAUSES, NodePath, PlanMap,
    Replacement, TopLevel,
};

use crate::crew::{Crew, Helpers, call_help, lead};
use crate::loaded::Which;
use crate::node::{Piece, Worked};
use crate::output::Output;
use crate::schedule::Account;
use crate::scope::Scope;
use crate::shared::cancelled;
use crate::slots::Slot;

impl Scope {
    /// The outputs of all items, as a list in their order.
    pub(crate) async fn map(
        self: &Arc<Scope>,
        piece: &Piece<'_>,
        map: &PlanMap,
        context: &Json,
        slot: &mut Slot,
    ) -> Worked {
        let (frame, items) = match frame(map, context) {
            Ok(parts) => parts,
            Err(failure) => return Worked::failed(failure),
        };
        let count = items.len();
        let own = map.max_parallel.map_or(usize::MAX, |max| max.get() as usize);
        let crew = Arc::new(Items {
            which: piece.which,
            scope: self.clone(),
            path: piece.path.clone(),
            frame,
            next: AtomicUsize::new(0),
            done: Mutex::new(Done {
                outputs: vec![None; count],
                ..Done::default()
            }),
            helpers: Helpers::new(self.run.max_parallel.min(own)),
            items,
        });
        let shared: Arc<dyn Crew> = crew.clone();
        call_help(
            &shared,
            &self.run,
            count.saturating_sub(1).min(self.run.max_parallel),
        );
        lead(shared, slot).await;
        let done = std::mem::take(&mut *crew.done());
        collect(map, done, count, self.run.is_over(&piece.path))
    }
}

/// The items of one map at work.
struct Items {
    scope: Arc<Scope>,
    which: Which,
    path: NodePath,
    frame: Frame,
    items: Vec<Json>,
    next: AtomicUsize,
    done: Mutex<Done>,
    helpers: Helpers,
}

/// What came of the items so far.
#[derive(Default)]
struct Done {
    outputs: Vec<Option<Json>>,
    account: Account,
    /// The first failures, by item.
    failures: BTreeMap<usize, Failure>,
    counts: ItemCounts,
    degraded: bool,
}

impl Items {
    fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<usize> {
        let index = self.next.fetch_add(1, Ordering::AcqRel);
        (index < self.items.len() && !self.scope.run.is_over(&self.path)).then_some(index)
    }

    async fn item(&self, index: usize, slot: &mut Slot) {
        let piece = Piece::new(&self.scope.graph, self.which, self.path.item(index));
        let context = self.frame.around(&self.items[index]);
        let worked = self.scope.persevere(&piece, context, slot).await;
        self.scope.run.events.emit(|| EventKind::ItemFinished {
            node: self.path.clone(),
            item: index,
            items: self.items.len(),
            failure: worked.result.as_ref().err().cloned().map(Arc::new),
        });
        self.done().add(index, worked);
    }
}

impl Done {
    fn add(&mut self, index: usize, worked: Worked) {
        self.account.add(Account {
            nodes: BTreeMap::new(),
            ..worked.account
        });
        self.degraded |= worked.degraded.is_some();
        match worked.result {
            Ok(output) => {
                self.counts.done += 1;
                if let Some(slot) = self.outputs.get_mut(index) {
                    *slot = Some(output.to_json());
                }
            }
            Err(failure) => {
                self.counts.failed += 1;
                self.failures.insert(index, failure);
                if self.failures.len() > MAX_CAUSES {
                    self.failures.pop_last();
                }
            }
        }
    }
}

impl Crew for Items {
    fn work<'a>(self: Arc<Items>, slot: &'a mut Slot) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            while let Some(index) = self.take() {
                self.scope.run.events.has_room().await;
                self.item(index, slot).await;
            }
        })
    }

    fn helpers(&self) -> &Helpers {
        &self.helpers
    }
}

/// What each item's context has around the item.
struct Frame {
    before: String,
    after: String,
}

impl Frame {
    fn around(&self, item: &Json) -> Json {
        Json::framed(&self.before, item, &self.after)
    }
}

/// The list, and what is around each of its items: the context without the key that holds the list.
fn frame(map: &PlanMap, context: &Json) -> Result<(Frame, Vec<Json>), Failure> {
    let members = match TopLevel::parse(context.as_str(), hap_model::MAX_JSON_DEPTH) {
        Ok(TopLevel::Object(members)) => members,
        Ok(TopLevel::Other(_)) | Err(_) => Vec::new(),
    };
    let path = map.over.join(".");
    let no_list = |what: &str| {
        Failure::new(
            FailureKind::NotAList,
            format!("the map goes over `{path}`, which is {what}"),
        )
        .hint("name a key that holds a list; it must be in the node's `reads`, where there are any")
    };
    let mut keys = map.over.iter();
    let top = keys
        .next()
        .and_then(|key| members.iter().find(|(name, _)| name == key));
    let mut list = top
        .map(|(_, value)| value.clone())
        .ok_or_else(|| no_list("not there"))?;
    for key in keys {
        list = list.member(key).ok_or_else(|| no_list("not there"))?;
    }
    let kind = list.kind();
    let items = list.items().ok_or_else(|| no_list(kind))?;
    if items.len() as u64 > map.max_items {
        let message = format!(
            "the map goes over `{path}`, which has {} items of {} allowed",
            items.len(),
            map.max_items
        );
        let failure = Failure::new(FailureKind::NotAList, message);
        return Err(failure.hint("raise `map.max_items`, or shorten the list first"));
    }
    let top = map.over.first();
    let others = || {
        members
            .iter()
            .filter(|(key, _)| Some(key) != top && *key != map.item)
            .map(|(key, value)| (&**key, value))
    };
    // The keys stay sorted: the item stands among them.
    let before = Json::object(others().filter(|(key, _)| *key < &*map.item));
    let after = Json::object(others().filter(|(key, _)| *key > &*map.item));
    let name = Json::from_value(&*map.item).map_or_else(|_| String::new(), |json| json.to_string());
    let comma = |json: &Json| if json.as_str() == "{}" { "" } else { "," };
    let open = before.as_str().strip_suffix('}').unwrap_or_default();
    let close = after.as_str().strip_prefix('{').unwrap_or_default();
    Ok((
        Frame {
            before: format!("{open}{}{name}:", comma(&before)),
            after: format!("{}{close}", comma(&after)),
        },
        items,
    ))
}

/// The node's output from those of its items.
fn collect(map: &PlanMap, done: Done, count: usize, is_over: bool) -> Worked {
    let Done {
        outputs,
        mut account,
        failures,
        counts,
        degraded,
    } = done;
    account.items = Some(counts);
    let failed = counts.failed;
    if counts.done + failed < count || (is_over && failed > 0) {
        return Worked {
            account,
            ..Worked::failed(cancelled().because_of(failures.into_values()))
        };
    }
    if failed > 0 && map.failed_items == FailedItems::Fail {
        let failure = items_failure(failed, count, failures)
            .hint("set `map.failed_items` to `skip` or `null` to go on without them");
        return Worked {
            account,
            ..Worked::failed(failure)
        };
    }
    let null = Json::null();
    let list = Json::list(outputs.iter().filter_map(|output| match output {
        Some(output) => Some(output),
        None if map.failed_items == FailedItems::Null => Some(&null),
        None => None,
    }));
    let (degraded, missing) = match failed {
        0 => (degraded.then_some(Replacement::Within), None),
        failed => {
            let missing = items_failure(failed, count, failures);
            (Some(Replacement::Items { failed }), Some(missing))
        }
    };
    Worked {
        result: Ok(Output::Members(vec![(map.into.clone(), list)])),
        degraded,
        missing,
        account,
    }
}

/// The failure of some items, with the first of theirs as its causes.
fn items_failure(failed: usize, count: usize, failures: BTreeMap<usize, Failure>) -> Failure {
    let first = failures.first_key_value().map_or(0, |(index, _)| *index);
    let message = format!("{failed} of {count} items failed, item {first} first");
    Failure::new(FailureKind::Items, message).because_of(failures.into_values())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(over: &str) -> PlanMap {
        PlanMap {
            over: over.split('.').map(Arc::from).collect(),
            item: "item".into(),
            into: "out".into(),
            max_parallel: None,
            max_items: 3,
            failed_items: FailedItems::Fail,
        }
    }

    fn contexts(over: &str, context: &str) -> Result<Vec<String>, String> {
        let (frame, items) =
            frame(&map(over), &Json::parse(context, 100).unwrap()).map_err(|failure| failure.message)?;
        Ok(items.iter().map(|item| frame.around(item).to_string()).collect())
    }

    #[test]
    fn an_item_sees_the_context_without_the_list_and_itself_among_the_sorted_keys() {
        let told = contexts("list", r#"{"a":{},"item":0,"list":[1,{"x":2}],"z":"}"}"#).unwrap();
        assert_eq!(
            told,
            [
                r#"{"a":{},"item":1,"z":"}"}"#,
                r#"{"a":{},"item":{"x":2},"z":"}"}"#
            ]
        );
        assert_eq!(contexts("list", r#"{"list":[7]}"#).unwrap(), [r#"{"item":7}"#]);
        assert_eq!(
            contexts("r.s", r#"{"r":{"s":["v"]},"z":1}"#).unwrap(),
            [r#"{"item":"v","z":1}"#]
        );
        assert!(contexts("list", r#"{"list":[]}"#).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_list_or_too_long_is_told() {
        assert_eq!(
            contexts("list", "{}").unwrap_err(),
            "the map goes over `list`, which is not there"
        );
        assert_eq!(
            contexts("list", r#"{"list":{}}"#).unwrap_err(),
            "the map goes over `list`, which is an object"
        );
        assert!(contexts("r.s", r#"{"r":3}"#).is_err());
        assert!(
            contexts("list", r#"{"list":[1,2,3,4]}"#)
                .unwrap_err()
                .contains("4 items of 3 allowed")
        );
    }
}
