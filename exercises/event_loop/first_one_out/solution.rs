use asyncio::{EventLoop, Result, gather_return_exceptions};

/// Brews all teas on this loop, which does not run yet, and lists those that are ready.
pub fn brew_all<T>(event_loop: &EventLoop, teas: Vec<T>) -> Result<Vec<&'static str>>
where
    T: Future<Output = Result<&'static str>> + 'static,
{
    let outcomes =
        event_loop.run_until_complete(async move { gather_return_exceptions(teas).await })?;
    Ok(outcomes.into_iter().flatten().collect())
}
