use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

/// Cooks what was ordered.
async fn cook(order: u32) -> u32 {
    sleep(Duration::from_secs(2)).await;
    order
}

async fn take_and_cook(orders: &mut Receiver<u32>) -> Option<u32> {
    let order = orders.recv().await?;
    Some(cook(order).await)
}

/// Serves every order until all guests have left; calls when none comes for a second.
pub async fn serve(mut orders: Receiver<u32>) -> Vec<u32> {
    let mut served = Vec::new();
    loop {
        tokio::select! {
            cooked = take_and_cook(&mut orders) => match cooked {
                Some(order) => served.push(order),
                None => return served,
            },
            () = sleep(Duration::from_secs(1)) => check::note("still open"),
        }
    }
}
