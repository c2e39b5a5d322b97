//! Hostile agents, and the suite that runs them against this host while an honest graph runs beside them.
//!
//! Each agent of `agents/` says in its first lines what it attempts and what must come of it; what cannot be written as
//! an agent is in `made` and `host_attacks`. [`run`] runs them all in one process, on one runtime where the attack allows
//! it, so that what one of them breaks is seen by the others. This crate also makes WAT into components, for other
//! suites.

mod attack;
mod honest;
mod host_attacks;
mod made;
mod memory;
mod run;
mod verdict;
mod wat_agent;

pub use attack::{Attack, Kind, attacks};
pub use honest::Latency;
pub use run::{AttackResult, MEMORY_BOUND_BYTES, Options, Report, run};
pub use wat_agent::{ECHO, component_of, contract, module_text, setting, wat_agent};
