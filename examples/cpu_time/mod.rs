//! What waiting costs: the CPU time of a thread.

use std::thread;
use std::time::Duration;

/// Gives the CPU time of this thread.
///
/// The standard library has no call for it, but Linux has a file. Elsewhere it is not measured.
pub fn cpu_time() -> Option<Duration> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    // The kernel brings the count up to date when the thread leaves the processor.
    thread::sleep(Duration::from_millis(1));
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}
