//! The stock is empty, so the group cancels the payment, and waits until it is withdrawn.

use asyncio::{Error, EventLoop, Result, get_running_loop, sleep, task_group};
use std::time::Duration;

async fn charge() -> Result<()> {
    if let Err(cancelled) = sleep(Duration::from_secs(3)).await {
        sleep(Duration::from_secs(2)).await?;
        println!("the payment is withdrawn");
        return Err(cancelled.into());
    }
    Ok(())
}

async fn check_stock() -> Result<()> {
    sleep(Duration::from_secs(1)).await?;
    Err(Error::msg("the cake is sold out"))
}

async fn order() -> Result<()> {
    task_group(async |group| {
        group.create_task(charge())?.any().set_name("payment");
        group.create_task(check_stock())?.any().set_name("stock");
        Ok(())
    })
    .await
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        if order().await.is_err() {
            println!("sorry, in second {}", get_running_loop()?.time().as_secs());
        }
        Ok(())
    })
}
