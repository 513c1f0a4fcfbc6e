use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

async fn square(number: u64) -> u64 {
    sleep(Duration::from_millis(number)).await;
    number * number
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("EDITED");
    let mut set = JoinSet::new();
    for number in 1..=5 {
        set.spawn(square(number));
    }
    let mut sum = 0;
    while let Some(result) = set.join_next().await {
        sum += result.expect("no panic");
    }
    let late = timeout(Duration::from_millis(1), sleep(Duration::from_secs(1)));
    println!("{sum}, in time: {}", late.await.is_ok());
}
