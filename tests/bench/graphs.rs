//! The shapes that are measured, each of about `n` nodes that all run the same agent.

use std::sync::Arc;

use hap::{Agent, Graph, Node, NodeAgent};

/// A node that reads and writes the one text.
fn node(agent: &Arc<dyn Agent>, id: String, next: Vec<String>) -> Node {
    Node::new(id, NodeAgent::Instance(agent.clone()))
        .next(next)
        .reads(["text"])
}

/// One node after the other.
pub(crate) fn chain(agent: &Arc<dyn Agent>, n: usize) -> Graph {
    let mut graph = Graph::new();
    for i in 0..n {
        let next = if i + 1 < n {
            vec![format!("n{}", i + 1)]
        } else {
            vec![]
        };
        graph.add_node(node(agent, format!("n{i}"), next));
    }
    graph
}

/// One node, then all the others, then one.
pub(crate) fn fan_out(agent: &Arc<dyn Agent>, n: usize) -> Graph {
    let mut graph = Graph::new();
    let middle = n.saturating_sub(2);
    graph.add_node(node(
        agent,
        "first".into(),
        (0..middle).map(|i| format!("n{i}")).collect(),
    ));
    for i in 0..middle {
        graph.add_node(node(agent, format!("n{i}"), vec!["last".into()]));
    }
    graph.add_node(node(agent, "last".into(), vec![]));
    graph
}

/// Two nodes side by side, then one, again and again.
pub(crate) fn diamonds(agent: &Arc<dyn Agent>, n: usize) -> Graph {
    let mut graph = Graph::new();
    let count = (n / 3).max(1);
    for i in 0..count {
        graph.add_node(node(
            agent,
            format!("top{i}"),
            vec![format!("left{i}"), format!("right{i}")],
        ));
        let next = if i + 1 < count {
            vec![format!("top{}", i + 1)]
        } else {
            vec![]
        };
        graph.add_node(node(agent, format!("left{i}"), next.clone()));
        graph.add_node(node(agent, format!("right{i}"), next));
    }
    graph
}
