use check::FakeRedis;

/// Brews one order after the other, for ever.
pub async fn work(redis: &FakeRedis, name: &str, brew: impl AsyncFn(&str)) {
    let _ = name;
    loop {
        let order = redis.blpop("orders").await;
        brew(&order).await;
    }
}

/// Gives back what this worker had when it died, and says how many orders that were.
pub async fn recover(redis: &FakeRedis, name: &str) -> usize {
    let _ = (redis, name);
    0
}
