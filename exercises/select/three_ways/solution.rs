use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

/// Takes orders until both channels have ended, or until the token is set.
pub async fn take_orders(
    mut calls: Receiver<u32>,
    mut guests: Receiver<u32>,
    closing: CancellationToken,
) -> Vec<u32> {
    let mut orders = Vec::new();
    let (mut phone_is_open, mut door_is_open) = (true, true);
    while phone_is_open || door_is_open {
        tokio::select! {
            // The token first, so that nothing is taken after it.
            biased;
            () = closing.cancelled() => break,
            call = calls.recv(), if phone_is_open => match call {
                Some(order) => orders.push(order),
                None => phone_is_open = false,
            },
            guest = guests.recv(), if door_is_open => match guest {
                Some(order) => orders.push(order),
                None => door_is_open = false,
            },
        }
    }
    orders
}
