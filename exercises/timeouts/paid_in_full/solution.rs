use asyncio::{Result, create_task, shield};

/// Awaits the work to its end, however often the caller is cancelled meanwhile; after that the cancellation is handed on.
pub async fn uninterrupted<T: Clone + 'static>(
    work: impl Future<Output = Result<T>> + 'static,
) -> Result<T> {
    let task = create_task(work);
    let mut cancelled = None;
    while !task.is_done() {
        // A failure of the work is the task's own, and is asked for below.
        if let Err(error) = shield(&task).await
            && error.is_cancelled()
            && !task.is_cancelled()
        {
            cancelled = Some(error);
        }
    }
    match cancelled {
        Some(cancelled) => Err(cancelled),
        None => task.result(),
    }
}
