//! The same program.

use tokio::task::yield_now;

async fn count(name: &str) {
    for n in 1..=2 {
        println!("{name} {n}");
        yield_now().await;
    }
}

async fn a() {
    count("a").await;
}

async fn b() {
    count("b").await;
}

async fn c() {
    count("c").await;
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    let tasks = [tokio::spawn(a()), tokio::spawn(b()), tokio::spawn(c())];
    println!("three tasks, none has begun");
    for task in tasks {
        task.await.unwrap();
    }
}
