//! A channel of Tokio with room for one item.

use tokio::sync::mpsc::{Sender, channel};

async fn producer(items: Sender<u32>) {
    for n in 1..=3 {
        items.send(n).await.unwrap();
        println!("put {n}");
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    let (items, mut queue) = channel(1);
    let producer = tokio::spawn(producer(items));
    for _ in 1..=3 {
        let n = queue.recv().await.unwrap();
        println!("got {n}");
    }
    producer.await.unwrap();
}
