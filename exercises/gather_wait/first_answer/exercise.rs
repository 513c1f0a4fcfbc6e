use asyncio::{Error, Result, sleep};
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
    let (mirror, seconds) = mirrors[0]; // Build it: this asks one mirror only.
    download(mirror, seconds).await
}
