//! Randomness made from the run's seed, the node's place and the attempt: the same on every run with that seed.

use hap_model::{Call, Failure, Limit};
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};

use crate::state::State;

/// A stream of bytes that only the seed, the place and the attempt determine: BLAKE3 in its extendable-output mode.
pub(crate) struct VirtualRandom(blake3::OutputReader);

impl VirtualRandom {
    pub(crate) fn new(call: &Call) -> VirtualRandom {
        let mut hasher = blake3::Hasher::new_derive_key("hap 2026 virtual randomness of one attempt");
        hasher.update(&call.run.seed.to_le_bytes());
        hasher.update(&call.attempt.to_le_bytes());
        hasher.update(call.path.as_str().as_bytes());
        VirtualRandom(hasher.finalize_xof())
    }
}

pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    random::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    insecure::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    insecure_seed::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

impl State {
    fn random_bytes(&mut self, count: u64) -> wasmtime::Result<Vec<u8>> {
        let allowed = self.budget().get(Limit::RandomBytes);
        if count > allowed {
            return Err(self.refuse(Failure::limit(Limit::RandomBytes, allowed, count)));
        }
        self.most_random_bytes = self.most_random_bytes.max(count);
        self.recorder
            .called("wasi:random/random.get-random-bytes", "", "virtual");
        let mut bytes = vec![0; count as usize];
        let call = &self.call;
        self.random
            .get_or_insert_with(|| VirtualRandom::new(call))
            .0
            .fill(&mut bytes);
        Ok(bytes)
    }

    fn random_u64(&mut self) -> u64 {
        self.most_random_bytes = self.most_random_bytes.max(8);
        self.recorder
            .called("wasi:random/random.get-random-u64", "", "virtual");
        let mut bytes = [0; 8];
        let call = &self.call;
        self.random
            .get_or_insert_with(|| VirtualRandom::new(call))
            .0
            .fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

impl random::Host for State {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.random_bytes(len)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.random_u64())
    }
}

impl insecure::Host for State {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.random_bytes(len)
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        Ok(self.random_u64())
    }
}

impl insecure_seed::Host for State {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        Ok((self.random_u64(), self.random_u64()))
    }
}
