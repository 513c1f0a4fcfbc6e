use asyncio::{EventLoop, Result, TimedOut, get_running_loop, sleep, timeout};
use std::time::Duration;

fn now() -> u64 {
    get_running_loop().unwrap().time().as_secs()
}

async fn ask() -> Result<()> {
    let talk = async { Ok(sleep(Duration::from_secs(9)).await?) };
    if timeout(Duration::from_secs(3), talk).await.is_err() {
        println!("second {}: the call took too long", now());
        sleep(Duration::from_secs(5)).await?;
        println!("second {}: wrote a letter instead", now());
    }
    Ok(())
}

fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        match timeout(Duration::from_secs(1), ask()).await {
            Err(error) if error.is::<TimedOut>() => {
                println!("second {}: the customer has left", now());
            }
            other => println!("second {}: {other:?}", now()),
        }
        Ok(())
    })
}
