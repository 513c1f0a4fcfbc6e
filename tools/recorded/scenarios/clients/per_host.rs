//! Four downloads, and at most two at a time from one host.

use asyncio::{EventLoop, Result, Semaphore, create_task, gather, sleep};
use std::time::Duration;

async fn download(name: &str, seconds: u64, host: Semaphore) -> Result<()> {
    let _place = host.acquire().await?;
    sleep(Duration::from_secs(seconds)).await?;
    println!("{name} is here");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let (north, south) = (Semaphore::new(2), Semaphore::new(2));
        let files = [
            ("north/1", 3, &north),
            ("north/2", 2, &north),
            ("north/3", 2, &north),
            ("south/1", 4, &south),
        ];
        let downloads = files.map(|(name, seconds, host)| {
            create_task(download(name, seconds, host.clone())).named(name)
        });
        gather(downloads).await?;
        Ok(())
    })
}
