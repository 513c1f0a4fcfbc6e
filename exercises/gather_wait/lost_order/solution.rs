use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

/// Cooks what was ordered.
async fn cook(order: u32) -> u32 {
    sleep(Duration::from_secs(2)).await;
    order
}

/// Serves every order until all guests have left; calls when none comes for a second.
pub async fn serve(mut orders: Receiver<u32>) -> Vec<u32> {
    let mut served = Vec::new();
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                // The race is over here, so nobody drops the cooking.
                Some(order) => served.push(cook(order).await),
                None => return served,
            },
            () = sleep(Duration::from_secs(1)) => check::note("still open"),
        }
    }
}
