use asyncio::Result;

/// Runs the jobs, so many of them at the same time; the first failure ends the others.
pub async fn few_at_a_time<T, J>(most: usize, jobs: Vec<J>) -> Result<Vec<T>>
where
    T: Clone + 'static,
    J: AsyncFnOnce() -> Result<T> + 'static,
{
    let _ = most; // Build it: this runs one job after another.
    let mut results = Vec::new();
    for job in jobs {
        results.push(job().await?);
    }
    Ok(results)
}
