mod exercise;

use std::process::ExitCode;

use check::{FakeRedis, killed_after};
use exercise::pay;

/// The cents, and what anna and ben still have.
async fn books(redis: &FakeRedis) -> (i64, Vec<String>, Vec<String>) {
    let (anna, ben) = (redis.lrange("anna").await, redis.lrange("ben").await);
    (redis.incrby("cents", 0).await, anna, ben)
}

/// A server on which each of these workers has these orders.
async fn taken(workers: &[&str], orders: &[&str]) -> FakeRedis {
    let redis = FakeRedis::new();
    for worker in workers {
        for order in orders {
            redis.rpush(worker, order).await;
        }
    }
    redis
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            let redis = taken(&["anna"], &["17", "18"]).await;
            pay(&redis, "anna", "17", 250).await;
            books(&redis).await
        });
        let expected = (250, vec!["18".to_owned()], vec![]);
        checks.value("once", "an order is paid and struck off", &run, &expected);

        let run = checks.on_tokio(async {
            let redis = taken(&["anna", "ben"], &["17", "18"]).await;
            pay(&redis, "anna", "17", 250).await;
            pay(&redis, "ben", "17", 250).await;
            pay(&redis, "ben", "18", 250).await;
            books(&redis).await
        });
        let expected = (500, vec!["18".to_owned()], vec![]);
        let claim = "what comes a second time is struck off and not paid; another order is";
        checks.value("twice", claim, &run, &expected);

        let run = checks.on_tokio(async {
            let redis = taken(&["anna", "ben"], &["17"]).await;
            tokio::join!(
                pay(&redis, "anna", "17", 320),
                pay(&redis, "ben", "17", 320)
            );
            books(&redis).await
        });
        let claim = "two who have the same order at the same time pay once";
        checks.value("same_time", claim, &run, &(320, vec![], vec![]));

        let run = checks.on_tokio(async {
            for polls in 1..20 {
                let redis = taken(&["anna"], &["17"]).await;
                killed_after(polls, pay(&redis, "anna", "17", 250)).await;
                // Whatever anna still has goes to ben.
                for order in redis.lrange("anna").await {
                    pay(&redis, "ben", &order, 250).await;
                }
                let (cents, _, _) = books(&redis).await;
                if cents != 250 {
                    return format!("killed after {polls} steps: {cents} cents in the end");
                }
            }
            "250 cents in the end".to_owned()
        });
        checks.value(
            "killed",
            "wherever a worker is killed, the order is paid once in the end",
            &run,
            &"250 cents in the end".to_owned(),
        );
    })
}
