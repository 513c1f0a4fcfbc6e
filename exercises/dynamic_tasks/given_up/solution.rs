use asyncio::{LoopHandle, Result, wait_for};
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
    // The limit is where the work is, so the loop ends the question and waits for its clean-up.
    let answer = handle.run_coroutine_threadsafe(move || wait_for(question(), limit))?;
    answer.result(None)
}
