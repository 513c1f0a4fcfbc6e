use asyncio::{Result, Semaphore};

/// A guest takes a seat, eats, gives the seat back, and walks home.
pub async fn visit(
    seats: Semaphore,
    eat: impl AsyncFnOnce() -> Result<()>,
    walk_home: impl AsyncFnOnce() -> Result<()>,
) -> Result<()> {
    let _ = seats.acquire().await?;
    eat().await?;
    walk_home().await
}
