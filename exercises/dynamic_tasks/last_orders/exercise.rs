use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Cooks what is ordered until the kitchen closes, and after that what has been accepted.
pub async fn serve<F>(
    mut orders: mpsc::Receiver<u32>,
    closing: CancellationToken,
    cook: impl Fn(u32) -> F,
) -> Vec<u32>
where
    F: Future<Output = u32> + Send + 'static,
{
    let _ = closing; // Build it: this cooks one after another, and never closes.
    let mut cooked = Vec::new();
    while let Some(order) = orders.recv().await {
        cooked.push(cook(order).await);
    }
    cooked
}
