//! What can be read by name: the documents of the runtime's provider, and what the server tells of itself. A caller reads
//! them by `resource/read`, and the agents of its runs as far as their graph grants it: both never more than the caller may.

mod own;
mod stats;

use std::sync::Arc;

use hap::{ComposedResources, ResourceProvider};

use crate::methods::Caller;
use own::OwnResources;
pub(crate) use stats::Stats;

/// Everything that there is to read for a caller. Names with a scheme (`agent://review/info`) are the server's own.
pub(crate) fn of(caller: &Caller) -> ComposedResources {
    let own: Arc<dyn ResourceProvider> = Arc::new(OwnResources::new(caller.clone()));
    ComposedResources::new([own, caller.server.runtime.run_options().resources.clone()])
}
