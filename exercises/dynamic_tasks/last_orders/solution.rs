use tokio::sync::mpsc;
use tokio::task::JoinSet;
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
    let mut cooking = JoinSet::new();
    while let Some(Some(order)) = closing.run_until_cancelled(orders.recv()).await {
        cooking.spawn(cook(order));
    }
    orders.close();
    // A closed channel still gives what it accepted, and then `None`.
    while let Some(order) = orders.recv().await {
        cooking.spawn(cook(order));
    }
    cooking.join_all().await
}
