use std::time::Duration;

/// Asks until there is an answer or the limit is over; the error tells what went wrong last.
pub async fn ask_until<F>(limit: Duration, mut attempt: impl FnMut() -> F) -> Result<u32, String>
where
    F: Future<Output = Result<u32, String>>,
{
    let _ = limit; // Build it: this asks once, for as long as it takes.
    attempt().await
}
