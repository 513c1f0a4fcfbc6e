use check::FakeRedis;

/// Adds the price of an order to the count `cents`, and strikes the order off the list of this worker.
pub async fn pay(redis: &FakeRedis, worker: &str, order: &str, price: i64) {
    redis.incrby("cents", price).await;
    redis.lrem(worker, order).await;
}
