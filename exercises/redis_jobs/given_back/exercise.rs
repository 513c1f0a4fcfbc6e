use check::{End::Left, End::Right, FakeRedis};
use std::time::Duration;
use tokio::time::{sleep, timeout};

async fn work(redis: &FakeRedis, name: &str) {
    loop {
        let order = redis.blmove("orders", name, Left, Right).await;
        sleep(Duration::from_secs(2)).await;
        println!("{name} brewed {order}");
        sleep(Duration::from_secs(1)).await;
        redis.lrem(name, &order).await;
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let redis = FakeRedis::new();
    for order in ["green", "black", "herbal"] {
        redis.rpush("orders", order).await;
    }
    let dies = Duration::from_millis(5500);
    let _ = timeout(dies, work(&redis, "anna")).await;
    let (orders, anna) = (redis.lrange("orders").await, redis.lrange("anna").await);
    println!("orders: {orders:?} anna: {anna:?}");
    while redis.lmove("anna", "orders", Right, Left).await.is_some() {}
    let _ = timeout(Duration::from_secs(10), work(&redis, "ben")).await;
}
