use asyncio::{Promise, Result, Task};

/// Starts a task anew when it has failed, and gives a promise of what comes of it after so many tries.
pub fn restarted<T: Clone + 'static>(
    start: impl Fn() -> Task<T> + 'static,
    tries: u32,
) -> Result<Promise<T>> {
    assert!(tries > 0, "at least one try");
    Ok(start().promise()) // Build it: this tries once.
}
