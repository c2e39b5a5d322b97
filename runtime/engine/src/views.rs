//! From what nodes wrote to what the nodes after them see.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use hap_model::{Context, Failure, FailureKind, Json, NodeIndex, Plan, ViewError, Writer};

/// Keys and values to be merged into the context.
pub(crate) type Writes = Vec<(Arc<str>, Json)>;

/// The state that the nodes of one group see, shared by all of them.
pub(crate) struct View {
    context: Context,
    /// The whole state as text, for the nodes that read all of it: made once for a group.
    whole: OnceLock<Result<Json, ViewError>>,
}

/// What a finished node leaves for those after it: what it saw, and what it added.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) view: Arc<View>,
    pub(crate) writes: Writes,
}

impl View {
    pub(crate) fn new(context: Context) -> Arc<View> {
        Arc::new(View {
            context,
            whole: OnceLock::new(),
        })
    }

    /// The state itself.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// The keys that a node may read, as one JSON object.
    pub(crate) fn text(&self, reads: Option<&BTreeSet<Arc<str>>>) -> Result<Json, ViewError> {
        match reads {
            Some(_) => self.context.view(reads),
            None => self.whole.get_or_init(|| self.context.view(None)).clone(),
        }
    }
}

/// A view and what the nodes that saw it wrote.
type SameView = (Arc<View>, Vec<(NodeIndex, Writes)>);

/// The state of somebody who comes after all of `posts`.
pub(crate) fn merge(posts: Vec<(NodeIndex, Post)>) -> Option<Context> {
    // Nodes that saw the same state differ only in what they wrote: one step for all of them.
    let mut positions: HashMap<*const View, usize> = HashMap::new();
    let mut by_view: Vec<SameView> = Vec::new();
    for (node, Post { view, writes }) in posts {
        let position = *positions.entry(Arc::as_ptr(&view)).or_insert(by_view.len());
        if position == by_view.len() {
            by_view.push((view, Vec::new()));
        }
        by_view[position].1.push((node, writes));
    }
    let contexts = by_view.into_iter().map(|(view, nodes)| {
        // The last one to hold a view takes its state over instead of copying it.
        let mut context = Arc::try_unwrap(view).map_or_else(|view| view.context.clone(), |view| view.context);
        context.write_all(nodes);
        context
    });
    contexts.reduce(Context::merge)
}

/// Words for a state that cannot be told, with the nodes' names.
pub(crate) fn view_failure(plan: &Plan, error: &ViewError) -> Failure {
    let name = |writer: Writer| match writer {
        Writer::Input => "the input".to_owned(),
        Writer::Node(node) => format!("node `{}`", plan.node(node).id),
    };
    match error {
        ViewError::Conflict(conflict) => {
            let (first, second, key) = (name(conflict.writers.0), name(conflict.writers.1), &conflict.key);
            let message =
                format!("{first} and {second} ran at the same time and wrote different values to `{key}`");
            let hint =
                format!("lead one to the other, write different keys, or add `reducers: {{{key}: append}}`");
            Failure::new(FailureKind::WriteConflict, message).hint(hint)
        }
        ViewError::Reduce { key, reducer } => {
            let message = format!("the values of `{key}` have no `{reducer}` that JSON can hold");
            Failure::new(FailureKind::WriteConflict, message).hint("write smaller numbers")
        }
    }
}
