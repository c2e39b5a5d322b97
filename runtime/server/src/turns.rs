//! Places that are given out in turns: while there are none free, each tenant that waits gets the next one that comes back
//! in its turn, however many more another tenant waits for.
//!
//! What must stay true: a place is given to one who waits or is free, also when whoever waits goes away at that moment;
//! of two requests of one tenant the earlier comes first.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::auth::TenantId;

/// The places.
pub(crate) struct Turns(Mutex<Inner>);

struct Inner {
    free: usize,
    /// Those who wait, by tenant; each has a number. No list is empty.
    waiting: HashMap<TenantId, VecDeque<(u64, oneshot::Sender<Turn>)>>,
    /// The tenants that wait, the next one first.
    order: VecDeque<TenantId>,
    next_number: u64,
    closed: bool,
}

/// A place. It is given back when it is dropped.
pub(crate) struct Turn(Option<Arc<Turns>>);

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.0.take() {
            turns.give();
        }
    }
}

/// Somebody who waits, and takes themselves off the list when they go away.
struct Waiting<'a> {
    turns: &'a Arc<Turns>,
    tenant: &'a TenantId,
    number: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut inner = self.turns.inner();
        let Some(own) = inner.waiting.get_mut(self.tenant) else {
            return;
        };
        own.retain(|(number, _)| *number != self.number);
        if own.is_empty() {
            inner.waiting.remove(self.tenant);
            inner.order.retain(|tenant| tenant != self.tenant);
        }
    }
}

impl Turns {
    pub(crate) fn new(places: usize) -> Arc<Turns> {
        Arc::new(Turns(Mutex::new(Inner {
            free: places,
            waiting: HashMap::new(),
            order: VecDeque::new(),
            next_number: 0,
            closed: false,
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, as soon as it is the tenant's turn; none once the places are closed. Whoever waits is bounded by who may
    /// ask. Safe to cancel.
    pub(crate) async fn take(self: &Arc<Turns>, tenant: &TenantId) -> Option<Turn> {
        let (receiver, number) = {
            let mut inner = self.inner();
            if inner.closed {
                return None;
            }
            // Nobody waits while a place is free.
            if inner.free > 0 {
                inner.free -= 1;
                return Some(Turn(Some(self.clone())));
            }
            let (sender, receiver) = oneshot::channel();
            let number = inner.next_number;
            inner.next_number += 1;
            if !inner.waiting.contains_key(tenant) {
                inner.order.push_back(tenant.clone());
            }
            let own = inner.waiting.entry(tenant.clone()).or_default();
            own.push_back((number, sender));
            (receiver, number)
        };
        let _waiting = Waiting {
            turns: self,
            tenant,
            number,
        };
        receiver.await.ok()
    }

    /// How many places are free.
    pub(crate) fn free(&self) -> usize {
        self.inner().free
    }

    /// Gives a place to whoever is next, or makes it free.
    fn give(self: &Arc<Turns>) {
        let mut inner = self.inner();
        let mut turn = Turn(Some(self.clone()));
        while let Some((tenant, sender)) = inner.next() {
            match sender.send(turn) {
                Ok(()) => return,
                // Gone at this very moment.
                Err(back) => turn = back,
            }
            drop(tenant);
        }
        // It must not be given back once more.
        turn.0 = None;
        inner.free += 1;
    }

    /// Whoever waits gets none, and nobody does from now on.
    pub(crate) fn close(&self) {
        let mut inner = self.inner();
        inner.closed = true;
        inner.order.clear();
        inner.waiting.clear();
    }
}

impl Inner {
    /// Takes the first of the next tenant off the list; the tenant goes to the end, where it waits for more.
    fn next(&mut self) -> Option<(TenantId, oneshot::Sender<Turn>)> {
        let tenant = self.order.pop_front()?;
        let own = self.waiting.get_mut(&tenant)?;
        let (_, sender) = own.pop_front()?;
        if own.is_empty() {
            self.waiting.remove(&tenant);
        } else {
            self.order.push_back(tenant.clone());
        }
        Some((tenant, sender))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::parse(name).unwrap()
    }

    /// Lets whoever can go on do so.
    async fn settle() {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_tenant_with_one_request_waits_for_one_of_another_tenants_and_not_for_all() {
        let turns = Turns::new(1);
        let first = turns.take(&tenant("first")).await.unwrap();
        let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
        let queue = ["a", "a", "a", "a", "b", "b", "c"];
        for name in queue {
            let (turns, told) = (turns.clone(), told.clone());
            tokio::spawn(async move {
                let turn = turns.take(&tenant(name)).await.unwrap();
                told.send(name).unwrap();
                drop(turn);
            });
            settle().await;
        }
        drop(first);
        let mut came = Vec::new();
        for _ in queue {
            came.push(order.recv().await.unwrap());
        }
        assert_eq!(came, ["a", "b", "c", "a", "b", "a", "a"]);
        assert_eq!(turns.inner().free, 1);
        assert!(turns.inner().waiting.is_empty() && turns.inner().order.is_empty());
    }

    #[tokio::test]
    async fn who_goes_away_takes_no_place() {
        let turns = Turns::new(1);
        let held = turns.take(&tenant("a")).await.unwrap();
        let waits = |name: &'static str| {
            let turns = turns.clone();
            tokio::spawn(async move { turns.take(&tenant(name)).await })
        };
        let (gone, stays) = (waits("a"), waits("b"));
        settle().await;
        gone.abort();
        settle().await;
        assert_eq!(turns.inner().order, [tenant("b")]);
        drop(held);
        // It has been given its place and is gone before it takes it.
        stays.abort();
        settle().await;
        assert_eq!(turns.inner().free, 1);
        turns.take(&tenant("c")).await.unwrap();
    }

    #[tokio::test]
    async fn closing_ends_the_wait() {
        let turns = Turns::new(1);
        let held = turns.take(&tenant("a")).await.unwrap();
        let other = turns.clone();
        let waiting = tokio::spawn(async move { other.take(&tenant("b")).await.is_none() });
        settle().await;
        turns.close();
        assert!(waiting.await.unwrap());
        assert!(turns.take(&tenant("a")).await.is_none());
        drop(held);
    }
}
