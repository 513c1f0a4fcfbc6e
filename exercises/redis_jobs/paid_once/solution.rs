use check::FakeRedis;

/// Adds the price of an order to the count `cents`, and strikes the order off the list of this worker.
pub async fn pay(redis: &FakeRedis, worker: &str, order: &str, price: i64) {
    redis
        .script(|data| {
            if data.sadd("paid", order) {
                data.incrby("cents", price);
            }
            data.lrem(worker, order);
        })
        .await;
}
