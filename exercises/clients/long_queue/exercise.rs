use asyncio::{EventLoop, Result, Semaphore, create_task, get_running_loop, sleep, timeout};
use std::time::Duration;

/// Asks for a tea; the host has so many places, and the client waits for 3.5 seconds.
async fn fetch(host: Semaphore, tea: &'static str, seconds: u64) -> Result<()> {
    let limit = Duration::from_millis(3500);
    let ended = timeout(limit, async {
        let _place = host.acquire().await?;
        Ok(sleep(Duration::from_secs(seconds)).await?)
    })
    .await;
    let said = match ended {
        Ok(()) => "done".to_owned(),
        Err(error) => error.to_string(),
    };
    let now = get_running_loop()?.time().as_secs_f64();
    println!("{now} s: {tea} {said}");
    Ok(())
}

fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let host = Semaphore::new(2);
        let teas = [("green", 1), ("black", 2), ("herbal", 3), ("chai", 1)];
        let fetches = teas.map(|(tea, seconds)| create_task(fetch(host.clone(), tea, seconds)));
        for fetch in fetches {
            fetch.await?;
        }
        Ok(())
    })
}
