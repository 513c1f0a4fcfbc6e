use tokio_util::task::AbortOnDropHandle;

/// Runs the job, and starts it again up to so many times if it fails or panics.
pub async fn supervise<T, F>(restarts: u32, mut job: impl FnMut() -> F) -> Result<T, String>
where
    F: Future<Output = Result<T, String>> + Send + 'static,
    T: Send + 'static,
{
    let mut left = restarts;
    loop {
        // The guard ends the task if the supervisor is dropped while it waits.
        let error = match AbortOnDropHandle::new(tokio::spawn(job())).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => {
                check::note(format!("failed: {error}"));
                error
            }
            Err(_) => {
                check::note("panicked");
                "panicked".to_owned()
            }
        };
        if left == 0 {
            return Err(error);
        }
        left -= 1;
    }
}
