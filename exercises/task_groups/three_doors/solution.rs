use std::sync::Arc;
use tokio::sync::Semaphore;

/// Downloads files by name, at most three at a time; the outcomes are listed in the order of the names.
pub async fn download_all<F>(
    names: Vec<String>,
    download: impl Fn(String) -> F,
) -> Vec<Result<u64, String>>
where
    F: Future<Output = Result<u64, String>> + Send + 'static,
{
    let permits = Arc::new(Semaphore::new(3));
    let mut tasks = Vec::new();
    for name in names {
        let permit = permits.clone().acquire_owned().await;
        let downloading = download(name);
        tasks.push(tokio::spawn(async move {
            let _permit = permit.expect("it is never closed");
            downloading.await
        }));
    }
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap_or_else(|error| Err(error.to_string())));
    }
    outcomes
}
