//! The memory of this process, as Linux tells it. Elsewhere nothing is known and nothing is held against a bound.

use std::fs;

/// What this process holds now, in bytes.
pub(crate) fn resident() -> Option<u64> {
    status("VmRSS:")
}

/// The most that this process held since the start or the last [`forget_peak`], in bytes.
pub(crate) fn peak() -> Option<u64> {
    status("VmHWM:")
}

/// Makes [`peak`] start again from what is held now.
pub(crate) fn forget_peak() {
    // Where the kernel does not let it, the peak stays that of the whole suite, which is what the bound is about.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn status(field: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
