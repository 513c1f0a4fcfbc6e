use check::End::{Left, Right};
use check::FakeRedis;

/// Brews all orders, and sets aside the bad ones.
pub async fn work(redis: &FakeRedis, name: &str, brew: impl AsyncFn(u64) -> Result<(), String>) {
    while let Some(order) = redis.lmove("orders", name, Left, Right).await {
        let seconds = order.parse().unwrap();
        brew(seconds).await.unwrap();
        redis.lrem(name, &order).await;
    }
}
