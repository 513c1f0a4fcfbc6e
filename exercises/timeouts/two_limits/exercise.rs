use asyncio::{EventLoop, Result, TimedOut, get_running_loop, sleep, timeout};
use std::time::Duration;

fn now() -> u64 {
    get_running_loop().unwrap().time().as_secs()
}

async fn tea() -> Result<()> {
    let outcome = sleep(Duration::from_secs(8)).await;
    if outcome.is_err() {
        println!("second {}: cleaning", now());
        sleep(Duration::from_secs(2)).await?;
        println!("second {}: clean", now());
    }
    Ok(outcome?)
}

async fn order() -> Result<()> {
    match timeout(Duration::from_secs(2), tea()).await {
        Err(error) if error.is::<TimedOut>() => println!("second {}: the inner limit", now()),
        other => return other,
    }
    Ok(())
}

fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        match timeout(Duration::from_secs(3), order()).await {
            Err(error) if error.is::<TimedOut>() => println!("second {}: the outer limit", now()),
            other => println!("second {}: {other:?}", now()),
        }
        Ok(())
    })
}
