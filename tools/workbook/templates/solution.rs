use asyncio::{Result, sleep};
use std::time::Duration;

pub async fn answer() -> Result<u32> {
    sleep(Duration::from_secs(1)).await?;
    Ok(42)
}
