//! How many handles a component holds. wasmtime bounds them and counts them, but does not tell the count.

use wasmtime::Store;
use wasmtime::component::Resource;

use crate::state::State;

/// How many handles the components of a store hold now, at most `limit`: those of their own resources, which the host's
/// table does not know, among them.
///
/// A handle can be made while fewer than the store's limit are held. So trying under one limit after the other finds the
/// number; where nothing is held, the first try does.
pub(crate) fn held(store: &mut Store<State>, limit: u64) -> u64 {
    // Always: `least` ≤ held, and held ≤ `most` unless the limit was lowered since.
    let (mut least, mut most) = (0, limit);
    let mut tried = 1;
    while least < most {
        if fewer_than(store, tried) {
            most = tried - 1;
        } else {
            least = tried;
        }
        tried = least + (most - least).div_ceil(2);
    }
    store.set_max_component_handles(limit as usize);
    least
}

/// Whether the store holds fewer handles than that.
fn fewer_than(store: &mut Store<State>, handles: u64) -> bool {
    store.set_max_component_handles(handles as usize);
    let made = Resource::<()>::new_own(0).try_into_resource_any(&mut *store);
    // Taking it back gives its place in the store back.
    made.is_ok_and(|handle| handle.try_into_resource::<()>(store).is_ok())
}
