use asyncio::{Result, ReturnWhen, create_task, gather_return_exceptions, sleep, wait};
use std::time::Duration;

/// Downloads from one mirror; one that is cancelled says goodbye first.
async fn download(mirror: &'static str, seconds: u64) -> Result<&'static str> {
    let _connection = check::enter("connection"); // The checks count the open connections.
    if let Err(cancelled) = sleep(Duration::from_secs(seconds)).await {
        sleep(Duration::from_millis(500)).await?;
        check::note(format!("{mirror} closed"));
        return Err(cancelled.into());
    }
    Ok(mirror)
}

/// Asks all mirrors at once, and gives the first answer when the others have ended.
pub async fn first_answer(mirrors: &[(&'static str, u64)]) -> Result<&'static str> {
    let tasks: Vec<_> = mirrors
        .iter()
        .map(|&(mirror, seconds)| create_task(download(mirror, seconds)))
        .collect();
    let waited = wait(&tasks, None, ReturnWhen::FirstCompleted).await?;
    for late in &waited.pending {
        late.cancel();
    }
    gather_return_exceptions(waited.pending).await?;
    waited.done[0].result()
}
