use check::End::{Left, Right};
use check::FakeRedis;

/// Brews all orders, and sets aside the bad ones.
pub async fn work(redis: &FakeRedis, name: &str, brew: impl AsyncFn(u64) -> Result<(), String>) {
    while let Some(order) = redis.lmove("orders", name, Left, Right).await {
        let brewed = match order.parse() {
            Ok(seconds) => brew(seconds).await,
            Err(_) => Err("no number".to_owned()),
        };
        redis
            .script(|data| {
                if let Err(reason) = brewed {
                    data.push("bad", Right, &format!("{order}: {reason}"));
                }
                data.lrem(name, &order);
            })
            .await;
    }
}
