//! A set of nodes that is cheap for few and compact for many.

use crate::id::NodeIndex;

/// A set of nodes: a list while it is small, one bit a node when it has grown.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeSet {
    few: Vec<NodeIndex>,
    bits: Vec<u64>,
    count: usize,
}

impl NodeSet {
    const FEW: usize = 16;

    /// How many nodes it holds.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn contains(&self, node: NodeIndex) -> bool {
        let bit = 1 << (node.0 % 64);
        self.few.contains(&node) || self.bits.get(node.get() / 64).is_some_and(|word| word & bit != 0)
    }

    pub(crate) fn insert(&mut self, node: NodeIndex) {
        if self.contains(node) {
            return;
        }
        self.count += 1;
        self.few.push(node);
        if self.few.len() > Self::FEW {
            for node in std::mem::take(&mut self.few) {
                let word = node.get() / 64;
                if self.bits.len() <= word {
                    self.bits.resize(word + 1, 0);
                }
                self.bits[word] |= 1 << (node.0 % 64);
            }
        }
    }

    pub(crate) fn extend(&mut self, other: &NodeSet) {
        if self.bits.len() < other.bits.len() {
            self.bits.resize(other.bits.len(), 0);
        }
        for (word, bits) in self.bits.iter_mut().zip(&other.bits) {
            *word |= bits;
        }
        other.few.iter().for_each(|&node| self.insert(node));
        self.few.retain(|node| {
            let word = self.bits.get(node.get() / 64).copied().unwrap_or(0);
            word & (1 << (node.0 % 64)) == 0
        });
        self.count = self.few.len()
            + self
                .bits
                .iter()
                .map(|word| word.count_ones() as usize)
                .sum::<usize>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in_and_nothing_else() {
        let numbers: Vec<u32> = (0..100).map(|n| (n * 37) % 1009).collect();
        let (mut all, mut odd) = (NodeSet::default(), NodeSet::default());
        numbers.iter().for_each(|&n| all.insert(NodeIndex(n)));
        numbers
            .iter()
            .filter(|n| *n % 2 == 1)
            .for_each(|&n| odd.insert(NodeIndex(n)));
        assert!((0..1100).all(|n| all.contains(NodeIndex(n)) == numbers.contains(&n)));
        assert!((0..1100).all(|n| odd.contains(NodeIndex(n)) == (n % 2 == 1 && numbers.contains(&n))));
        odd.extend(&all);
        assert_eq!((odd.len(), all.len()), (100, 100));
        all.extend(&odd);
        assert_eq!(all.len(), 100);
    }
}
