//! Sleeps for longer than any tea takes, and lists what is ready then.

use asyncio::{EventLoop, Result, sleep};
use std::time::Duration;

/// Brews all teas on this loop, which does not run yet, and lists those that are ready.
pub fn brew_all<T>(event_loop: &EventLoop, teas: Vec<T>) -> Result<Vec<&'static str>>
where
    T: Future<Output = Result<&'static str>> + 'static,
{
    let tasks: Vec<_> = teas
        .into_iter()
        .map(|tea| event_loop.create_task(tea))
        .collect();
    event_loop.run_until_complete(async { Ok(sleep(Duration::from_secs(5)).await?) })?;
    let ready = tasks.iter().filter_map(|task| task.result().ok());
    Ok(ready.collect())
}
