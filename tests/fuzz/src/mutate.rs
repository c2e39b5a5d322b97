//! Changes to inputs that depend on a seed alone, for machines without libFuzzer. Crude, but the same on every run.

use super::wasm;

/// Makes new inputs out of old ones.
pub struct Mutator(u64);

impl Mutator {
    /// Starts with `seed`; equal seeds give equal inputs.
    pub fn new(seed: u64) -> Mutator {
        Mutator(seed)
    }

    /// A number below `bound`; 0 for a bound of 0. SplitMix64.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) as usize).checked_rem(bound).unwrap_or(0)
    }

    /// An input made of one or two of `corpus`, of at most `max_bytes`.
    pub fn next(&mut self, corpus: &[Vec<u8>], max_bytes: usize) -> Vec<u8> {
        let pick = |index: usize| corpus.get(index).cloned().unwrap_or_default();
        let mut input = pick(self.below(corpus.len()));
        let other = pick(self.below(corpus.len()));
        for _ in 0..=self.below(4) {
            let mut seeds = Mutator(self.below(usize::MAX) as u64);
            let mut inner = Mutator(self.below(usize::MAX) as u64);
            // Mostly inside of WebAssembly, where the input is that.
            let structured = self.below(8) > 0
                && wasm::change_inside(&mut input, &mut |bound| seeds.below(bound), &mut |bytes| {
                    inner.change(bytes, &other);
                });
            if !structured {
                self.change(&mut input, &other);
            }
        }
        input.truncate(max_bytes);
        input
    }

    /// One change, anywhere.
    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        const SPECIAL: [u8; 16] = *b"\0\x01\x7f\x80\xff\"\\{}[]:,- \n";
        let (at, end) = self.range(bytes.len());
        match self.below(8) {
            0 => bytes.insert(at, SPECIAL[self.below(SPECIAL.len())]),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let copy = bytes[at..end].to_vec();
                let to = self.below(bytes.len() + 1);
                drop(bytes.splice(to..to, copy));
            }
            3 => {
                let (from, until) = self.range(other.len());
                drop(bytes.splice(at..end, other[from..until].iter().copied()));
            }
            4 => bytes[at..end].reverse(),
            kind if at < bytes.len() => {
                bytes[at] = match kind {
                    5 => bytes[at] ^ (1 << self.below(8)),
                    6 => bytes[at].wrapping_add(1),
                    _ => SPECIAL[self.below(SPECIAL.len())],
                };
            }
            _ => bytes.push(self.below(256) as u8),
        }
    }

    /// A short range within `length`.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let at = self.below(length + 1);
        let longest = [1, 4, 16, 64][self.below(4)];
        (at, (at + self.below(longest + 1)).min(length))
    }
}
