use std::sync::Arc;

use check::End::{Left, Right};
use check::FakeRedis;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
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
    let hands = Arc::new(Semaphore::new(HANDS));
    let mut brewing = JoinSet::new();
    loop {
        let take = async {
            let hand = hands.clone().acquire_owned().await;
            (hand, redis.blmove("orders", name, Left, Right).await)
        };
        let (hand, order) = tokio::select! {
            taken = take => taken,
            () = stop.cancelled() => break,
        };
        let (redis, brewed) = (redis.clone(), brew(order.clone()));
        brewing.spawn(async move {
            brewed.await;
            redis.lrem(name, &order).await;
            drop(hand);
        });
        while brewing.try_join_next().is_some() {}
    }
    while brewing.join_next().await.is_some() {}
    // The stop may have dropped a move whose answer nobody has heard.
    while redis.lmove(name, "orders", Right, Left).await.is_some() {}
}
