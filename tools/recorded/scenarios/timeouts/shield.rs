//! A shield takes the cancellation, and what stands behind it goes on.

use asyncio::{EventLoop, Result, ReturnWhen, create_task, shield, sleep, wait};
use std::time::Duration;

async fn pay() -> Result<()> {
    sleep(Duration::from_secs(3)).await?;
    println!("paid");
    Ok(())
}

async fn order() -> Result<()> {
    let payment = create_task(pay()).named("payment");
    let outcome = shield(&payment).await;
    if outcome.is_err() {
        println!("the guest left");
        payment.await?;
    }
    outcome
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let order = create_task(order()).named("order");
        sleep(Duration::from_secs(1)).await?;
        order.cancel();
        wait([&order], None, ReturnWhen::AllCompleted).await?;
        Ok(())
    })
}
