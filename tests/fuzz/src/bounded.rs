//! A bound on what one input may cost. Processor time is counted and not real time, because a busy machine lets a process
//! wait for seconds; what waits for ever is left to libFuzzer and to the test's own end.

use std::fs;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// Runs `work`, which may use `limit` of this thread's processor time.
pub fn within<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    cheaper_than(limit, thread_time, work)
}

/// Runs `work`, which may use `limit` of processor time on all threads together.
pub fn within_on_all_threads<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    cheaper_than(limit, process_time, work)
}

fn cheaper_than<T>(limit: Duration, clock: fn() -> Option<Duration>, work: impl FnOnce() -> T) -> T {
    let time = || clock().unwrap_or_else(real_time);
    let start = time();
    let result = work();
    let taken = time().saturating_sub(start);
    assert!(taken <= limit, "took {taken:?}, where {limit:?} are allowed");
    result
}

/// Where the system does not tell better.
fn real_time() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

/// From Linux: nanoseconds on a processor, nanoseconds of waiting for one, turns.
fn thread_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// From Linux: the 14th and 15th field are time in the program and in the kernel, in hundredths of a second. The second
/// field is a name in parentheses and may hold anything.
fn process_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    let ticks: Option<Vec<u64>> = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|n| n.parse().ok())
        .collect();
    Some(Duration::from_millis(ticks?.iter().sum::<u64>() * 10))
}
