//! A batch: its calls run side by side up to a bound and are answered in their order.
//!
//! What must stay true: every request of the batch is run and answered once, even if its answer no longer
//! fits and says only that; a batch without requests and refusals has no answer, not an empty one.

use super::{Call, Context, Item, Methods, Response, RpcError};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// A call, and its place in the batch.
type Placed<'a> = (usize, Pin<Box<dyn Future<Output = Option<Response>> + Send + 'a>>);

/// Runs a batch in the task of the caller; `start` makes a call's future, for all calls before the first is run.
///
/// Not with a task for each call: those would go on for a while after the future is dropped, and the handlers
/// of HAP wait for runs that have tasks of their own. The bound is small, so when one call wakes the task it
/// costs little to ask all of them.
pub(super) async fn run<'a, C: Context, F>(
    methods: &Methods<C>,
    context: &C,
    items: Vec<Item>,
    mut start: impl FnMut(Call) -> F,
) -> Option<Vec<u8>>
where
    F: Future<Output = Option<Response>> + Send + 'a,
{
    let settings = methods.settings();
    let mut waiting: VecDeque<Placed<'a>> = VecDeque::new();
    let mut running: Vec<Placed<'a>> = Vec::new();
    let mut answers = Answers {
        limit: settings.answer_bytes,
        used: 0,
        texts: Vec::new(),
    };
    for (place, item) in items.into_iter().enumerate() {
        match item {
            Item::Call(call) => waiting.push_back((place, Box::pin(start(call)))),
            Item::Refused(refusal) => answers.add(place, methods.refuse(context, refusal)),
            Item::Response(_) => {}
        }
    }
    poll_fn(|task| {
        loop {
            while running.len() < settings.concurrency.max(1)
                && let Some(call) = waiting.pop_front()
            {
                running.push(call);
            }
            let before = running.len();
            running.retain_mut(|(place, call)| match call.as_mut().poll(task) {
                Poll::Pending => true,
                Poll::Ready(answer) => {
                    if let Some(answer) = answer {
                        answers.add(*place, answer);
                    }
                    false
                }
            });
            // A call that ended makes room for one that has not been asked yet.
            if running.is_empty() && waiting.is_empty() {
                return Poll::Ready(());
            } else if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await;
    answers.text()
}

struct Answers {
    limit: usize,
    used: usize,
    /// The answers with the places of their calls, in the order in which the calls ended.
    texts: Vec<(usize, Vec<u8>)>,
}

impl Answers {
    /// Keeps an answer, or in place of a result that no longer fits an error that says so. That error is not
    /// refused in turn: it is short, and there are only as many as the batch may have calls.
    fn add(&mut self, place: usize, answer: Response) {
        let mut text = answer.to_bytes();
        if text.len() > self.limit.saturating_sub(self.used) {
            let error = RpcError::too_large("the answer to the whole batch", self.limit)
                .hint("the call was run; send calls with large results alone");
            text = Response::error(answer.id, error).to_bytes();
        }
        self.used = self.used.saturating_add(text.len());
        self.texts.push((place, text));
    }

    fn text(mut self) -> Option<Vec<u8>> {
        if self.texts.is_empty() {
            return None;
        }
        self.texts.sort_unstable_by_key(|(place, _)| *place);
        let mut out = Vec::with_capacity(self.used + self.texts.len() + 1);
        for (_, text) in self.texts {
            out.push(if out.is_empty() { b'[' } else { b',' });
            out.extend_from_slice(&text);
        }
        out.push(b']');
        Some(out)
    }
}
