//! A channel of Tokio with room for one item.

use crate::on_tokio::{awaiting, note, spawn};
use tokio::sync::mpsc::channel;

pub async fn main() {
    let (items, mut queue) = channel(1);
    let producer = spawn("producer", async move {
        for n in 1..=3 {
            awaiting("queue put", items.send(n)).await.unwrap();
            note(format!("put {n}"));
        }
    });
    for _ in 1..=3 {
        let n = awaiting("queue get", queue.recv()).await.unwrap();
        note(format!("got {n}"));
    }
    producer.await.unwrap();
}
