//! Compiling in this process: a bound on the time that is waited for it, and on how many compilations go on at one time.
//!
//! A thread that compiles cannot be stopped. One that takes too long goes on to its end with nobody waiting, and keeps its
//! slot until then, so that only so many can ever be under way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How many components may be compiled at one time. Each uses all processors, so more would not be faster.
const SLOTS: usize = 8;

/// Why nothing came of a compilation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GaveUp {
    /// It took longer than it may.
    TimeUp,
    /// So many others that have taken too long hold all slots, or held this one up: it says nothing about this one.
    Busy { under_way: usize },
    /// It panicked, or the tokio runtime ended.
    Stopped,
}

/// The compilations of one sandbox.
pub(crate) struct Slots {
    /// Real time for one compilation.
    time: Duration,
    count: usize,
    free: Arc<Semaphore>,
    /// When each that is under way began, by its number.
    under_way: Mutex<Vec<(u64, Instant)>>,
    ids: AtomicU64,
}

/// A compilation that is under way; it ends with this.
struct UnderWay {
    slots: Arc<Slots>,
    id: u64,
    began: Instant,
    _slot: OwnedSemaphorePermit,
}

impl Slots {
    pub(crate) fn new(time: Duration) -> Slots {
        Slots::with_count(time, SLOTS)
    }

    fn with_count(time: Duration, count: usize) -> Slots {
        Slots {
            // No clock gets further.
            time: time.min(Duration::from_secs(365 * 24 * 3600)),
            count,
            free: Arc::new(Semaphore::new(count)),
            under_way: Mutex::default(),
            ids: AtomicU64::new(0),
        }
    }

    fn under_way(&self) -> MutexGuard<'_, Vec<(u64, Instant)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `compile` on a thread of its own and waits for it, so long as it may take.
    pub(crate) async fn run<T: Send + 'static>(
        self: &Arc<Slots>,
        compile: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, GaveUp> {
        let mine = self.clone().begin().await?;
        let (id, began) = (mine.id, mine.began);
        let compile = move || {
            let _mine = mine;
            compile()
        };
        let compiling = tokio::task::spawn_blocking(compile);
        match tokio::time::timeout_at(began + self.time, compiling).await {
            Ok(compiled) => compiled.map_err(|_| GaveUp::Stopped),
            Err(_) => match self.too_late(Some(id)) {
                0 => Err(GaveUp::TimeUp),
                under_way => Err(GaveUp::Busy { under_way }),
            },
        }
    }

    /// Waits for a slot, unless only compilations hold them of which nobody knows when they end.
    async fn begin(self: Arc<Slots>) -> Result<UnderWay, GaveUp> {
        loop {
            if self.too_late(None) >= self.count {
                return Err(GaveUp::Busy {
                    under_way: self.count,
                });
            }
            let latest = self.under_way().iter().map(|(_, began)| *began).max();
            tokio::select! {
                biased;
                slot = self.free.clone().acquire_owned() => {
                    let slot = slot.map_err(|_| GaveUp::Stopped)?;
                    let (id, began) = (self.ids.fetch_add(1, Ordering::Relaxed), Instant::now());
                    self.under_way().push((id, began));
                    return Ok(UnderWay { slots: self, id, began, _slot: slot });
                }
                // Until then, one of those under way can still end in time.
                () = tokio::time::sleep_until(latest.unwrap_or_else(Instant::now) + self.time) => {}
            }
        }
    }

    /// How many have taken too long, but for this one.
    fn too_late(&self, but: Option<u64>) -> usize {
        let now = Instant::now();
        let late =
            |(id, began): &&(u64, Instant)| Some(*id) != but && now.duration_since(*began) >= self.time;
        self.under_way().iter().filter(late).count()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut under_way = self.slots.under_way();
        if let Some(position) = under_way.iter().position(|(id, _)| *id == self.id) {
            under_way.swap_remove(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const TIME: Duration = Duration::from_millis(100);

    /// Something to compile that ends when it is told to.
    fn endless() -> (mpsc::Sender<()>, impl FnOnce() + Send + 'static) {
        let (end, told) = mpsc::channel();
        let compile = move || {
            let _ = told.recv();
        };
        (end, compile)
    }

    #[tokio::test]
    async fn what_ends_in_time_gives_its_result() {
        let slots = Arc::new(Slots::with_count(Duration::from_secs(60), 1));
        for n in 0..3 {
            assert_eq!(slots.run(move || n).await, Ok(n));
        }
        assert!(slots.under_way().is_empty());
    }

    #[tokio::test]
    async fn a_panic_is_told_and_frees_its_slot() {
        let slots = Arc::new(Slots::with_count(Duration::from_secs(60), 1));
        let panics = || panic!("a fault of the compiler");
        assert_eq!(slots.run::<()>(panics).await, Err(GaveUp::Stopped));
        assert_eq!(slots.run(|| 1).await, Ok(1));
    }

    #[tokio::test]
    async fn what_takes_too_long_is_given_up_and_keeps_its_slot() {
        let slots = Arc::new(Slots::with_count(TIME, 2));
        let (end, compile) = endless();
        assert_eq!(slots.run(compile).await, Err(GaveUp::TimeUp));
        // There is one slot left.
        assert_eq!(slots.run(|| 1).await, Ok(1));
        let (end_another, compile) = endless();
        assert_eq!(slots.run(compile).await, Err(GaveUp::Busy { under_way: 1 }));
        // And now none: that is told at once.
        tokio::select! {
            biased;
            told = slots.run(|| 1) => assert_eq!(told, Err(GaveUp::Busy { under_way: 2 })),
            () = std::future::ready(()) => panic!("it waits"),
        }
        // Until one of them ends after all.
        end.send(()).unwrap();
        while slots.under_way().len() > 1 {
            tokio::task::yield_now().await;
        }
        assert_eq!(slots.run(|| 1).await, Ok(1));
        end_another.send(()).unwrap();
    }

    #[tokio::test]
    async fn whoever_waits_is_told_when_nothing_is_left_to_wait_for() {
        let slots = Arc::new(Slots::with_count(TIME, 1));
        let (end, compile) = endless();
        let (first, second) = tokio::join!(slots.run(compile), slots.run(|| 1));
        assert_eq!(first, Err(GaveUp::TimeUp));
        assert_eq!(second, Err(GaveUp::Busy { under_way: 1 }));
        end.send(()).unwrap();
    }

    #[tokio::test]
    async fn a_load_that_is_dropped_does_not_leave_others_waiting() {
        let slots = Arc::new(Slots::with_count(TIME, 1));
        let (end, compile) = endless();
        let dropped = tokio::time::timeout(TIME / 10, slots.run(compile)).await;
        assert!(dropped.is_err());
        assert_eq!(slots.run(|| 1).await, Err(GaveUp::Busy { under_way: 1 }));
        end.send(()).unwrap();
    }

    #[tokio::test]
    async fn compilations_wait_for_those_before_them() {
        let slots = Arc::new(Slots::with_count(Duration::from_secs(60), 1));
        let slow = || std::thread::sleep(Duration::from_millis(20));
        let all = tokio::join!(slots.run(slow), slots.run(slow), slots.run(slow));
        assert_eq!(all, (Ok(()), Ok(()), Ok(())));
    }
}
