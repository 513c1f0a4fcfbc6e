use asyncio::{LoopHandle, Result};
use std::time::Duration;

/// Asks from another thread, and waits for the answer for so long at most.
pub fn ask<T, F>(
    handle: &LoopHandle,
    limit: Duration,
    question: impl FnOnce() -> F + Send + 'static,
) -> Result<T>
where
    T: Clone + Send + 'static,
    F: Future<Output = Result<T>> + 'static,
{
    let answer = handle.run_coroutine_threadsafe(question)?;
    answer.result(limit)
}
