use asyncio::{EventLoop, Result, gather, sleep, wait_for};
use std::time::Duration;

async fn tea(name: &'static str, seconds: u64) -> Result<&'static str> {
    if let Err(cancelled) = sleep(Duration::from_secs(seconds)).await {
        println!("{name} is poured away");
        return Err(cancelled.into());
    }
    println!("{name} is ready");
    Ok(name)
}

fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let teas = gather([tea("green", 1), tea("black", 5)]);
        match wait_for(teas, Duration::from_secs(3)).await {
            Ok(names) => println!("served: {}", names.join(", ")),
            Err(error) => println!("{error}"),
        }
        sleep(Duration::from_secs(4)).await?;
        println!("closed");
        Ok(())
    })
}
