//! The same order, and nobody tells of passes: Tokio keeps its queue to itself.

use crate::on_tokio::{note, sleep, spawn};
use std::time::Duration;

async fn brew(name: &'static str, seconds: u64) -> &'static str {
    note(format!("{name}: water on"));
    sleep(Duration::from_secs(seconds)).await;
    note(format!("{name}: done"));
    name
}

pub async fn main() {
    let green = spawn("green", brew("green", 1));
    let black = spawn("black", brew("black", 2));
    note("two tasks, none has begun");
    green.await.unwrap();
    black.await.unwrap();
}
