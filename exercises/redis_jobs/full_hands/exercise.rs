use check::End::{Left, Right};
use check::FakeRedis;
use tokio_util::sync::CancellationToken;

/// How many orders a worker brews at the same time.
pub const HANDS: usize = 3;

/// Brews orders until the stop, up to `HANDS` at the same time.
pub async fn work<F>(
    redis: FakeRedis,
    name: &'static str,
    brew: impl Fn(String) -> F,
    stop: CancellationToken,
) where
    F: Future<Output = ()> + Send + 'static,
{
    // Build it: this has one hand, and a stop does not wake it.
    while !stop.is_cancelled() {
        let order = redis.blmove("orders", name, Left, Right).await;
        brew(order.clone()).await;
        redis.lrem(name, &order).await;
    }
}
