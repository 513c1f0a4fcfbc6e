use asyncio::Result;

/// Awaits the work to its end, however often the caller is cancelled meanwhile; after that the cancellation is handed on.
pub async fn uninterrupted<T: Clone + 'static>(
    work: impl Future<Output = Result<T>> + 'static,
) -> Result<T> {
    work.await // Build it: a cancellation of the caller hits the work.
}
