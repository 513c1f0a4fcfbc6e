//! The same program.

use crate::on_tokio::{note, spawn, yield_now};

async fn count(name: &str) {
    for n in 1..=2 {
        note(format!("{name} {n}"));
        yield_now().await;
    }
}

pub async fn main() {
    let tasks = ["a", "b", "c"].map(|name| spawn(name, count(name)));
    note("three tasks, none has begun");
    for task in tasks {
        task.await.unwrap();
    }
}
