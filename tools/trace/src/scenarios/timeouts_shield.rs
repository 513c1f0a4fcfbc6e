//! A shield takes the cancellation, and what stands behind it goes on.

use asyncio::observe::note;
use asyncio::{Result, ReturnWhen, create_task, shield, sleep, wait};
use std::time::Duration;

async fn pay() -> Result<()> {
    sleep(Duration::from_secs(3)).await?;
    note("paid");
    Ok(())
}

async fn order() -> Result<()> {
    let payment = create_task(pay()).named("payment");
    let outcome = shield(&payment).await;
    if outcome.is_err() {
        note("the guest left");
        payment.await?;
    }
    outcome
}

pub async fn main() -> Result<()> {
    let order = create_task(order()).named("order");
    sleep(Duration::from_secs(1)).await?;
    order.cancel();
    wait([&order], None, ReturnWhen::AllCompleted).await?;
    Ok(())
}
