use check::End::{Left, Right};
use check::FakeRedis;

/// Brews one order after the other, for ever.
pub async fn work(redis: &FakeRedis, name: &str, brew: impl AsyncFn(&str)) {
    loop {
        let order = redis.blmove("orders", name, Left, Right).await;
        brew(&order).await;
        redis.lrem(name, &order).await;
    }
}

/// Gives back what this worker had when it died, and says how many orders that were.
pub async fn recover(redis: &FakeRedis, name: &str) -> usize {
    let mut given_back = 0;
    while redis.lmove(name, "orders", Right, Left).await.is_some() {
        given_back += 1;
    }
    given_back
}
