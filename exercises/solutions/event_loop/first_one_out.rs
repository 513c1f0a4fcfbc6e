use asyncio::{Error, EventLoop, Result, gather_return_exceptions, sleep};
use std::time::Duration;

/// Brews one tea; the herbal one is always spilled.
async fn brew(name: &'static str, seconds: u64) -> Result<&'static str> {
    sleep(Duration::from_secs(seconds)).await?;
    if name == "herbal" {
        return Err(Error::msg("spilled"));
    }
    Ok(name)
}

/// Brews all teas on this loop, which does not run yet, and lists those that are ready.
pub fn brew_all(event_loop: &EventLoop, teas: &[(&'static str, u64)]) -> Result<Vec<&'static str>> {
    let tasks: Vec<_> = teas
        .iter()
        .map(|&(name, seconds)| event_loop.create_task(brew(name, seconds)))
        .collect();
    let outcomes =
        event_loop.run_until_complete(async move { gather_return_exceptions(tasks).await })?;
    Ok(outcomes.into_iter().flatten().collect())
}
