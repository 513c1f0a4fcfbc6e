mod exercise;

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::Duration;

use check::{FakeRedis, killed_after};
use tokio::time::{sleep, timeout};

const ORDERS: [&str; 4] = ["green", "black", "green", "herbal"];

/// More than a worker is polled for all orders.
const POLLS: usize = 60;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

async fn shop() -> FakeRedis {
    let redis = FakeRedis::new();
    for order in ORDERS {
        redis.rpush("orders", order).await;
    }
    redis
}

/// Lets a worker work for so long, killed after so many polls if not before; gives what it brewed.
async fn work(redis: &FakeRedis, name: &str, limit: Duration, polls: usize) -> Vec<String> {
    let brewed = RefCell::new(Vec::new());
    let brew = async |order: &str| {
        sleep(seconds(1)).await;
        brewed.borrow_mut().push(order.to_owned());
    };
    let work = killed_after(polls, exercise::work(redis, name, brew));
    let _ = timeout(limit, work).await;
    brewed.into_inner()
}

/// What is wrong with these, if anything is: an order is missing, or more than one was brewed again.
fn wrong(brewed: &[String]) -> Option<String> {
    let count = |list: &[String], tea: &str| list.iter().filter(|order| *order == tea).count();
    let all = ORDERS.map(str::to_owned);
    let is_lost = ORDERS
        .iter()
        .any(|tea| count(brewed, tea) < count(&all, tea));
    let is_wrong = is_lost || brewed.len() > ORDERS.len() + 1;
    is_wrong.then(|| format!("brewed {brewed:?}"))
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            let redis = shop().await;
            let brewed = work(&redis, "anna", seconds(60), usize::MAX).await;
            (
                brewed,
                redis.lrange("orders").await,
                exercise::recover(&redis, "anna").await,
            )
        });
        let expected = (ORDERS.map(str::to_owned).to_vec(), Vec::new(), 0);
        checks.value(
            "brewed",
            "a worker brews all orders, in order, once",
            &run,
            &expected,
        );

        let run = checks.on_tokio(async {
            for polls in 1..POLLS {
                let redis = shop().await;
                let mut brewed = work(&redis, "anna", seconds(60), polls).await;
                exercise::recover(&redis, "anna").await;
                brewed.extend(work(&redis, "ben", seconds(60), usize::MAX).await);
                if let Some(wrong) = wrong(&brewed) {
                    return format!("killed after {polls} steps: {wrong}");
                }
            }
            "none lost".to_owned()
        });
        checks.value(
            "lost",
            "wherever a worker is killed, no order is lost, and one at most is brewed again",
            &run,
            &"none lost".to_owned(),
        );

        let run = checks.on_tokio(async {
            let redis = shop().await;
            work(&redis, "anna", Duration::from_millis(1500), usize::MAX).await;
            let given_back = exercise::recover(&redis, "anna").await;
            let again = exercise::recover(&redis, "anna").await;
            (given_back, redis.lrange("orders").await, again)
        });
        let left = ["black", "green", "herbal"].map(str::to_owned).to_vec();
        let claim = "what the dead worker had comes first, and it comes back once";
        checks.value("front", claim, &run, &(1, left, 0));

        let run = checks.on_tokio(async {
            for polls in 1..20 {
                let redis = FakeRedis::new();
                redis.rpush("orders", "herbal").await;
                for order in ["green", "black", "white"] {
                    redis.rpush("anna", order).await;
                }
                killed_after(polls, exercise::recover(&redis, "anna")).await;
                exercise::recover(&redis, "anna").await;
                let orders = redis.lrange("orders").await;
                if orders != ["green", "black", "white", "herbal"] {
                    return format!("killed after {polls} steps: {orders:?}");
                }
            }
            "all in their old order".to_owned()
        });
        checks.value(
            "recover",
            "wherever `recover` is killed, the next one goes on",
            &run,
            &"all in their old order".to_owned(),
        );
    })
}
