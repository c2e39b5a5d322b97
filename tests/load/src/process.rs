//! What this process uses, as Linux tells it; elsewhere nothing is told.

use std::fs;
use std::time::Duration;

/// The length of a clock tick in `/proc`: `USER_HZ` is 100 on every architecture that HAP runs on.
const TICK: Duration = Duration::from_millis(10);

/// The memory that is resident, in KiB.
pub(crate) fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or_default()
}

/// The processor's time that the process has had, in ticks of 10 ms. Format: proc(5), `utime` and `stime`.
pub(crate) fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in brackets, may hold anything; the third field follows it.
    let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: u32 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u32>().ok())
        .sum();
    TICK * ticks
}
