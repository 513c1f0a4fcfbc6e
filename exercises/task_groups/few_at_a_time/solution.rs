use asyncio::{Result, Semaphore, task_group};

/// Runs the jobs, so many of them at the same time; the first failure ends the others.
pub async fn few_at_a_time<T, J>(most: usize, jobs: Vec<J>) -> Result<Vec<T>>
where
    T: Clone + 'static,
    J: AsyncFnOnce() -> Result<T> + 'static,
{
    let permits = Semaphore::new(most);
    let tasks = task_group(async |group| {
        let mut tasks = Vec::new();
        for job in jobs {
            let permits = permits.clone();
            tasks.push(group.create_task(async move {
                let _permit = permits.acquire().await?;
                job().await
            })?);
        }
        Ok(tasks)
    })
    .await?;
    tasks.iter().map(|task| task.result()).collect()
}
