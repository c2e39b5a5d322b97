//! The calls of one connection that are under way, by their ids.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::rpc::Id;

/// Calls that can be cancelled. Several may have one id: the protocol does not forbid it.
#[derive(Default)]
pub(super) struct Calls(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    next: u64,
    calls: HashMap<u64, (Id, watch::Sender<bool>)>,
}

impl Calls {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call, and gives its number and how it learns that it is to stop. A notification cannot be cancelled.
    pub(super) fn begin(&self, id: Option<&Id>) -> (u64, watch::Receiver<bool>) {
        let (sender, receiver) = watch::channel(false);
        let mut inner = self.inner();
        inner.next += 1;
        let number = inner.next;
        if let Some(id) = id {
            inner.calls.insert(number, (id.clone(), sender));
        }
        (number, receiver)
    }

    /// Forgets a call. Those that are dropped on the way are forgotten with their connection.
    pub(super) fn end(&self, number: u64) {
        self.inner().calls.remove(&number);
    }

    /// Asks the calls with this id to stop; tells whether there is any.
    pub(super) fn cancel(&self, id: &Id) -> bool {
        let inner = self.inner();
        let mut found = false;
        for (_, sender) in inner.calls.values().filter(|(known, _)| known == id) {
            sender.send_replace(true);
            found = true;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_with_the_id_are_cancelled() {
        let calls = Calls::default();
        let (one, two) = (Id::number(1), Id::string("1"));
        let (first, first_told) = calls.begin(Some(&one));
        let (_, second_told) = calls.begin(Some(&one));
        let (_, other_told) = calls.begin(Some(&two));
        let (_, unnamed_told) = calls.begin(None);
        assert!(calls.cancel(&one));
        assert!(*first_told.borrow() && *second_told.borrow());
        assert!(!*other_told.borrow() && !*unnamed_told.borrow());
        calls.end(first);
        assert!(calls.cancel(&two) && *other_told.borrow());
        assert!(!calls.cancel(&Id::number(2)));
        assert!(!calls.cancel(&Id::null()));
    }
}
