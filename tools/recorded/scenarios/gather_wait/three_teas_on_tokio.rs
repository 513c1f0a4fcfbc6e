//! Spawned tasks run by themselves; their handles are awaited one after another, in the order of the menu.

use std::time::Duration;
use tokio::time::sleep;

async fn tea(name: &'static str, seconds: u64) -> &'static str {
    sleep(Duration::from_secs(seconds)).await;
    println!("{name} tea is ready");
    name
}

async fn green() -> &'static str {
    tea("green", 1).await
}

async fn black() -> &'static str {
    tea("black", 4).await
}

async fn herbal() -> &'static str {
    tea("herbal", 2).await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    let handles = [
        tokio::spawn(green()),
        tokio::spawn(black()),
        tokio::spawn(herbal()),
    ];
    let mut teas = Vec::new();
    for handle in handles {
        teas.push(handle.await.unwrap());
    }
    println!("{}", teas.join(", "));
}
