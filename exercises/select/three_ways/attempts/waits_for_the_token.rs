use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

/// Its `else` never runs, because the token may be set at any time.
pub async fn take_orders(
    mut calls: Receiver<u32>,
    mut guests: Receiver<u32>,
    closing: CancellationToken,
) -> Vec<u32> {
    let mut orders = Vec::new();
    loop {
        tokio::select! {
            biased;
            () = closing.cancelled() => break,
            Some(order) = calls.recv() => orders.push(order),
            Some(order) = guests.recv() => orders.push(order),
            else => break,
        }
    }
    orders
}
