use asyncio::{Error, Result, ReturnWhen, create_task, gather_return_exceptions, sleep, wait};
use std::time::Duration;

/// Downloads from one mirror; one that is cancelled says goodbye first, and Wien is down.
async fn download(mirror: &'static str, seconds: u64) -> Result<&'static str> {
    let _connection = check::enter("connection"); // The checks count the open connections.
    if let Err(cancelled) = sleep(Duration::from_secs(seconds)).await {
        sleep(Duration::from_millis(500)).await?;
        check::note(format!("{mirror} closed"));
        return Err(cancelled.into());
    }
    if mirror == "Wien" {
        return Err(Error::msg("Wien is down"));
    }
    Ok(mirror)
}

/// Asks all mirrors at once, and gives the first answer that is no failure when the others have ended.
pub async fn first_answer(mirrors: &[(&'static str, u64)]) -> Result<&'static str> {
    let mut pending: Vec<_> = mirrors
        .iter()
        .map(|&(mirror, seconds)| create_task(download(mirror, seconds)))
        .collect();
    loop {
        let waited = wait(pending, None, ReturnWhen::FirstCompleted).await?;
        pending = waited.pending;
        // Several may be done at once, and one of them may have failed.
        let first = waited.done.iter().find(|task| task.result().is_ok());
        let first = first.unwrap_or(&waited.done[0]).result();
        if first.is_ok() || pending.is_empty() {
            for late in &pending {
                late.cancel();
            }
            gather_return_exceptions(&pending).await?;
            return first;
        }
    }
}
