use tokio::task::JoinSet;

/// Jobs that run in the background.
#[derive(Default)]
pub struct Background {
    jobs: JoinSet<()>,
}

impl Background {
    /// Starts a job; if it fails, that is noted at once.
    pub fn start(
        &mut self,
        name: &'static str,
        job: impl Future<Output = Result<(), String>> + Send + 'static,
    ) {
        self.jobs.spawn(async move {
            if let Err(error) = job.await {
                check::note(format!("{name} failed: {error}"));
            }
        });
    }

    /// Ends what is left, and waits until it has ended.
    pub async fn close(mut self) {
        self.jobs.shutdown().await;
    }
}
