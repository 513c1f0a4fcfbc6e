use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

async fn tea(name: &'static str, brewing: u64, done: mpsc::Sender<String>) {
    sleep(Duration::from_millis(brewing)).await;
    done.send(format!("{name} is ready")).await.expect("a receiver");
}

#[tokio::main]
async fn main() {
    println!("EDITED");
    let start = Instant::now();
    let (sender, mut receiver) = mpsc::channel(4);
    for (name, brewing) in [("green", 1), ("black", 4), ("herbal", 2)] {
        tokio::spawn(tea(name, brewing, sender.clone()));
    }
    drop(sender);
    while let Some(line) = receiver.recv().await {
        println!("{line} after {} ms", start.elapsed().as_millis());
    }
}
