//! A bound on real time that holds for a computing guest and for a waiting host call alike.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// The time was up before the future was done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TimeUp;

/// Runs `future` until `deadline`.
///
/// The clock is read whenever the future is polled, which a computing guest makes happen whenever it gives way: a
/// timer alone would be late when all threads are busy. A timer is set only when the future first waits, so calls that do not
/// wait do not pay for one.
pub(crate) fn until<F: Future>(
    deadline: Instant,
    future: F,
) -> impl Future<Output = Result<F::Output, TimeUp>> {
    Guard {
        deadline,
        future: Box::pin(future),
        timer: None,
    }
}

struct Guard<F: Future> {
    deadline: Instant,
    future: Pin<Box<F>>,
    timer: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl<F: Future> Future for Guard<F> {
    type Output = Result<F::Output, TimeUp>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let now = Instant::now();
        if now >= self.deadline {
            return Poll::Ready(Err(TimeUp));
        }
        let left: Duration = self.deadline - now;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(left)));
        match timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(TimeUp)),
            Poll::Pending => Poll::Pending,
        }
    }
}
