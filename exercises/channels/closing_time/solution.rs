use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::sleep;

async fn pack(_order: u32) {
    let _table = check::enter("table"); // The checks count the tables in use.
    sleep(Duration::from_secs(1)).await;
}

/// Packs all orders, with three packers, and lists what was packed.
pub async fn pack_all(orders: Vec<u32>) -> Vec<u32> {
    let (sender, receiver) = mpsc::channel(2);
    let receiver = Arc::new(Mutex::new(receiver));
    let mut packers = JoinSet::new();
    for _ in 0..3 {
        let receiver = receiver.clone();
        packers.spawn(async move {
            let mut packed = Vec::new();
            // The inner block gives the lock back before the order is packed.
            while let Some(order) = async { receiver.lock().await.recv().await }.await {
                pack(order).await;
                packed.push(order);
            }
            packed
        });
    }
    for order in orders {
        sender.send(order).await.unwrap();
    }
    drop(sender); // Nothing more will come, so the packers may go home.
    packers.join_all().await.concat()
}
