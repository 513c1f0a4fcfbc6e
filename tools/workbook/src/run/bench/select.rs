use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{interval, sleep};

async fn work(done: oneshot::Sender<u32>) {
    sleep(Duration::from_millis(5)).await;
    let _ = done.send(42);
}

#[tokio::main]
async fn main() {
    println!("EDITED");
    let (sender, mut receiver) = oneshot::channel();
    let task = tokio::spawn(work(sender));
    let mut ticks = interval(Duration::from_millis(2));
    let answer = loop {
        tokio::select! {
            answer = &mut receiver => break answer,
            _ = ticks.tick() => println!("tick"),
        }
    };
    println!("{answer:?} {:?}", task.await.is_ok());
}
