//! One node of a graph at work: what it sees, its work, what stands in for it when that fails, and which edges are taken.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hap_model::{
    EventKind, Failure, FailureKind, FallbackIndex, Json, NodeIndex, NodePath, NodeStatus, Origin, PlanNode,
    PlanOnFailure, PlanRepeat, Replacement,
};

use crate::attempt::check;
use crate::loaded::{Body, LoadedGraph, Which};
use crate::output::Output;
use crate::routes;
use crate::schedule::{Account, Decision};
use crate::schema::Seen;
use crate::scope::Scope;
use crate::shared::cancelled;
use crate::slots::Slot;
use crate::views::{Post, View, view_failure};

/// A piece of a node's work: the whole, one item of a map, one round of a loop.
#[derive(Clone)]
pub(crate) struct Piece<'a> {
    pub(crate) which: Which,
    pub(crate) node: &'a PlanNode,
    pub(crate) body: &'a Body,
    pub(crate) path: NodePath,
    /// What the work sees, where that is what its node sees.
    pub(crate) view: Option<&'a View>,
}

/// What came of it.
pub(crate) struct Worked {
    pub(crate) result: Result<Output, Failure>,
    /// What is missing in it, or was replaced.
    pub(crate) degraded: Option<Replacement>,
    /// Why something is missing in it.
    pub(crate) missing: Option<Failure>,
    pub(crate) account: Account,
}

impl Worked {
    pub(crate) fn failed(failure: Failure) -> Worked {
        Worked {
            result: Err(failure),
            degraded: None,
            missing: None,
            account: Account::default(),
        }
    }
}

impl<'a> Piece<'a> {
    /// The work of a node, or of a fallback, at `path`.
    pub(crate) fn new(graph: &'a LoadedGraph, which: Which, path: NodePath) -> Piece<'a> {
        let (node, body) = graph.work(which);
        Piece {
            which,
            node,
            body,
            path,
            view: None,
        }
    }

    /// What is known of a key of the context without reading it.
    pub(crate) fn seen(&self, key: &str) -> Seen<'_> {
        let is_read = self.node.reads.as_ref().is_none_or(|reads| reads.contains(key));
        match self.view.map(|view| view.context().peek(key)) {
            Some(_) if !is_read => Seen::Nothing,
            Some(Some(None)) => Seen::Nothing,
            Some(Some(Some(value))) => Seen::Value(value),
            Some(None) | None => Seen::Unknown,
        }
    }

    /// Where something happened that was no attempt's fault.
    pub(crate) fn origin(&self, attempt: u32) -> Origin {
        Origin {
            node: self.path.clone(),
            attempt,
            agent: self.body.name(),
        }
    }
}

impl Scope {
    /// Runs a node and records its end.
    pub(crate) async fn run_node(self: &Arc<Scope>, index: NodeIndex, view: Arc<View>, slot: &mut Slot) {
        let plan = self.graph.plan().clone();
        let node = plan.node(index);
        let path = self.path_of(&node.id);
        if self.run.context.cancellation.is_cancelled() {
            return self.decide_cancelled(index, view);
        }
        let piece = Piece::new(&self.graph, Which::Node(index), path);
        let mut ended = self.see_and_work(&piece, &view, slot).await;
        let mut held: Box<[bool]> = Box::default();
        if let Ok(output) = &ended.result
            && !plan.links(index).conditions.is_empty()
        {
            match routes::held(&plan, index, &view, output) {
                Ok(answers) => held = answers,
                Err(failure) => ended.result = Err(failure.at(piece.origin(0))),
            }
        }
        let (decision, output) = ended.decision();
        let writes = output
            .map(|output| output.into_writes(&node.id))
            .unwrap_or_default();
        self.decide(index, decision, Post { view, writes }, held);
    }

    /// What the node is given, its work, and what happens when that fails: what stands in for it may fail too, and then
    /// something may stand in for that.
    async fn see_and_work(self: &Arc<Scope>, piece: &Piece<'_>, view: &Arc<View>, slot: &mut Slot) -> Ended {
        let mut first = self.work(piece, view, slot).await;
        let mut chain: Vec<(FallbackIndex, Ended)> = Vec::new();
        let mut next = self.fallback_of(piece.node, &first);
        while let Some(index) = next {
            let piece = Piece::new(
                &self.graph,
                Which::Fallback(index),
                self.path_of(&self.graph.plan().fallback(index).id),
            );
            let ended = self.work(&piece, view, slot).await;
            next = self.fallback_of(piece.node, &ended);
            chain.push((index, ended));
        }
        // From the last to the first: each takes the place of the one before it.
        while let Some((index, stood_in)) = chain.pop() {
            let failed = chain.last_mut().map_or(&mut first, |(_, ended)| ended);
            self.stand_in(failed, index, stood_in);
        }
        first
    }

    /// The fallback to be run now.
    fn fallback_of(&self, node: &PlanNode, ended: &Ended) -> Option<FallbackIndex> {
        let cancelled = self.run.context.cancellation.is_cancelled();
        match node.on_failure {
            PlanOnFailure::Node(index) if ended.result.is_err() && !cancelled => Some(index),
            _ => None,
        }
    }

    /// What the node is given and its work, and what its own settings put in the place of a failed one.
    async fn work(self: &Arc<Scope>, piece: &Piece<'_>, view: &Arc<View>, slot: &mut Slot) -> Ended {
        let start = self.run.start.elapsed();
        if !matches!(piece.node.repeat, PlanRepeat::Once) {
            self.run.events.emit(|| EventKind::NodeStarted {
                node: piece.path.clone(),
                attempt: 1,
            });
        }
        let worked = match view.text(piece.node.reads.as_ref()) {
            Ok(context) => self.within_deadline(piece, view, context, slot).await,
            Err(error) => Worked::failed(view_failure(self.graph.plan(), &error)),
        };
        let ran = worked.account.attempts > 0 || worked.result.is_ok();
        let result = worked.result.and_then(|output| {
            check(self.graph.plan(), piece.node, &output.writes(&piece.node.id))?;
            Ok(output)
        });
        let was_cancelled = self.run.context.cancellation.is_cancelled();
        let mut ended = Ended {
            result: result.map_err(|failure| failure.at(piece.origin(0))),
            replaced: worked.missing,
            degraded: worked.degraded,
            was_cancelled,
            account: worked.account,
            start: ran.then_some(start),
            duration: None,
        };
        // Reaching a limit is the node's own doing, also where the run was stopped at the same moment; what else an agent
        // says once it was asked to stop is that it has.
        if let Err(failure) = &ended.result
            && (!was_cancelled || matches!(failure.kind, FailureKind::Limit { .. }))
        {
            match &piece.node.on_failure {
                PlanOnFailure::Fail | PlanOnFailure::Node(_) => {}
                PlanOnFailure::Stop => self.run.stop(stop_failure(piece, failure)),
                PlanOnFailure::Continue => {
                    ended.replace(Output::Members(Vec::new()), Replacement::Nothing);
                }
                PlanOnFailure::Output(output) => ended.replace(as_output(output), Replacement::Output),
            }
        }
        ended.duration = ran.then(|| self.run.start.elapsed().saturating_sub(start));
        ended
    }

    /// Puts a fallback in the place of a node that failed, or tells that it failed too.
    fn stand_in(&self, failed: &mut Ended, index: FallbackIndex, stood_in: Ended) {
        let node = &self.graph.plan().fallback(index).id;
        let (decision, output) = stood_in.decision();
        self.tell_end(node, &decision);
        match output {
            // A value that is no object goes under the name of whoever made it.
            Some(output) => {
                let output = Output::Members(output.into_writes(node));
                let node = node.clone();
                failed.replace(output, Replacement::Node { node });
            }
            None => {
                let cause = decision.failure.as_deref().cloned();
                let own = std::mem::replace(&mut failed.result, Err(cancelled()));
                failed.result = own.map_err(|failure| Failure {
                    message: format!("{}; its fallback `{node}` failed too", failure.message),
                    ..failure.because_of_first(cause)
                });
            }
        }
        self.schedule().decide_fallback(index, decision);
    }

    /// The node's work, which is stopped when its deadline passes.
    async fn within_deadline(
        self: &Arc<Scope>,
        piece: &Piece<'_>,
        view: &View,
        context: Json,
        slot: &mut Slot,
    ) -> Worked {
        let work = self.repeated(piece, view, context, slot);
        match piece.node.deadline {
            None => work.await,
            Some(deadline) => {
                let failure = || {
                    let message = format!("the node's deadline of {} ms passed", deadline.as_millis());
                    Failure::new(FailureKind::Deadline, message).hint("raise `deadline` of the node")
                };
                self.until(&piece.path, deadline, work, failure).await
            }
        }
    }

    /// Work that is stopped, with all that lies within its place, when its time is up.
    pub(crate) async fn until(
        &self,
        path: &NodePath,
        time: Duration,
        work: impl Future<Output = Worked>,
        failure: impl FnOnce() -> Failure,
    ) -> Worked {
        let mut work = std::pin::pin!(work);
        tokio::select! {
            biased;
            worked = &mut work => worked,
            () = tokio::time::sleep(time) => {
                self.run.stops.place(path.clone());
                // What is stopped ends soon; it is waited for, so that nothing of it is left.
                let worked = work.await;
                self.run.stops.clear(path);
                // What had failed by then says why the time was not enough.
                let causes = match worked.result {
                    Err(stopped) if stopped.kind == FailureKind::Cancelled => stopped.causes,
                    Err(failed) => vec![failed],
                    Ok(_) => Vec::new(),
                };
                let result = Err(failure().because_of(causes));
                Worked { result, ..worked }
            }
        }
    }

    /// The node's work, as often as it is to be done.
    async fn repeated(
        self: &Arc<Scope>,
        piece: &Piece<'_>,
        view: &View,
        context: Json,
        slot: &mut Slot,
    ) -> Worked {
        match &piece.node.repeat {
            PlanRepeat::Once => {
                let piece = Piece {
                    view: Some(view),
                    ..piece.clone()
                };
                self.persevere(&piece, context, slot).await
            }
            PlanRepeat::Map(map) => self.map(piece, map, &context, slot).await,
            PlanRepeat::Loop(repeated) => self.repeat(piece, repeated, &context, slot).await,
        }
    }
}

/// How a node's work ended.
struct Ended {
    result: Result<Output, Failure>,
    /// Why something else took the place of its output.
    replaced: Option<Failure>,
    degraded: Option<Replacement>,
    /// Whether the run had been cancelled when the work ended.
    was_cancelled: bool,
    account: Account,
    start: Option<Duration>,
    duration: Option<Duration>,
}

impl Ended {
    fn replace(&mut self, output: Output, by: Replacement) {
        self.replaced = std::mem::replace(&mut self.result, Ok(output)).err();
        self.degraded = Some(by);
    }

    fn decision(self) -> (Decision, Option<Output>) {
        let (status, failure, output) = match self.result {
            Ok(output) => {
                let status = self
                    .degraded
                    .map_or(NodeStatus::Done, |by| NodeStatus::Degraded { by });
                (status, self.replaced, Some(output))
            }
            Err(failure) => (status_of(&failure, self.was_cancelled), Some(failure), None),
        };
        let decision = Decision {
            status,
            start: self.start,
            duration: self.duration,
            failure: failure.map(Arc::new),
            account: self.account,
        };
        (decision, output)
    }
}

/// How a node with this failure ended. An agent that was asked to stop and says that it failed has stopped.
fn status_of(failure: &Failure, cancelled: bool) -> NodeStatus {
    match failure.kind {
        FailureKind::Limit { .. } => NodeStatus::Limited,
        FailureKind::Cancelled => NodeStatus::Cancelled,
        _ if cancelled => NodeStatus::Cancelled,
        _ => NodeStatus::Failed,
    }
}

fn stop_failure(piece: &Piece<'_>, failure: &Failure) -> Failure {
    let message = format!("node `{}` failed, and its `on_failure` is `stop`", piece.path);
    Failure::new(failure.kind.clone(), message).because_of([failure.clone()])
}

/// A value that was checked with the graph.
fn as_output(output: &Json) -> Output {
    hap_model::TopLevel::parse(output.as_str(), hap_model::MAX_JSON_DEPTH)
        .map_or_else(|_| Output::Value(output.clone()), Output::from)
}
