//! Spawned tasks run by themselves; their handles are awaited one after another, in the order of the menu.

use crate::on_tokio::{note, sleep, spawn};
use std::time::Duration;

async fn tea(name: &'static str, seconds: u64) -> &'static str {
    sleep(Duration::from_secs(seconds)).await;
    note(format!("{name} tea is ready"));
    name
}

pub async fn main() {
    let menu = [("green", 1), ("black", 4), ("herbal", 2)];
    let handles = menu.map(|(name, seconds)| spawn(name, tea(name, seconds)));
    let mut teas = Vec::new();
    for handle in handles {
        teas.push(handle.await.unwrap());
    }
    note(teas.join(", "));
}
