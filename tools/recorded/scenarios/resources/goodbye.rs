//! The scope says goodbye before the cancellation goes on.

use asyncio::{EventLoop, Result, create_task, sleep, wait_for};
use std::time::Duration;

async fn with_connection<T>(body: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
    println!("connected");
    let outcome = body().await;
    sleep(Duration::from_secs(1)).await?;
    println!("goodbye");
    outcome
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let body = async || Ok(sleep(Duration::from_secs(10)).await?);
        let client = create_task(with_connection(body)).named("client");
        if let Err(error) = wait_for(client, Duration::from_secs(3)).await {
            println!("{error}");
        }
        Ok(())
    })
}
