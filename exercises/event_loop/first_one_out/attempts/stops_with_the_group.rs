//! As the Python version: the end of the group stops a loop that runs for ever.

use asyncio::{EventLoop, Result, gather_return_exceptions};

/// Brews all teas on this loop, which does not run yet, and lists those that are ready.
pub fn brew_all<T>(event_loop: &EventLoop, teas: Vec<T>) -> Result<Vec<&'static str>>
where
    T: Future<Output = Result<&'static str>> + 'static,
{
    let group = event_loop.create_task(async move { gather_return_exceptions(teas).await });
    let stopped = event_loop.clone();
    group.add_done_callback(move |_| stopped.stop());
    event_loop.run_forever()?;
    Ok(group.result()?.into_iter().flatten().collect())
}
