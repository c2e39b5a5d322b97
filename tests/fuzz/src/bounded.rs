//! A bound on the time that one input may take.

use std::time::{Duration, Instant};

/// Runs `work`, which must end within `limit`. A machine that is busy with other things makes single runs slow, so what
/// was too slow gets two more chances.
pub fn within<T>(limit: Duration, mut work: impl FnMut() -> T) -> T {
    const CHANCES: u32 = 3;
    let mut taken = Vec::new();
    for _ in 0..CHANCES {
        let start = Instant::now();
        let result = work();
        let time = start.elapsed();
        if time <= limit {
            return result;
        }
        taken.push(time);
    }
    panic!("took {taken:?}, where {limit:?} are allowed");
}
