mod exercise;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use check::FakeRedis;
use exercise::{HANDS, work};
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// How often the stop comes in the same moment, because `select!` may choose one or the other.
const REPEATS: usize = 30;

/// What a worker brewed.
#[derive(Clone, Default)]
struct Brewed(Arc<Mutex<Vec<String>>>);

impl Brewed {
    /// Brews for two seconds.
    fn brew(
        &self,
    ) -> impl Fn(String) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + use<> {
        let brewed = self.clone();
        move |order| {
            let brewed = brewed.clone();
            Box::pin(async move {
                let _hand = check::enter("hand");
                sleep(seconds(2)).await;
                brewed.0.lock().expect("nobody panics").push(order);
            })
        }
    }

    fn list(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics").clone()
    }
}

fn orders(numbers: impl Iterator<Item = u32>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            let (redis, brewed, stop) = (
                FakeRedis::new(),
                Brewed::default(),
                CancellationToken::new(),
            );
            for order in orders(1..=10) {
                redis.rpush("orders", &order).await;
            }
            let script = async {
                sleep(seconds(1)).await;
                let waiting = redis.lrange("orders").await.len();
                sleep(seconds(2)).await;
                stop.cancel();
                waiting
            };
            let working = work(redis.clone(), "anna", brewed.brew(), stop.clone());
            let ((), waiting) = tokio::join!(working, script);
            let tasks = Handle::current().metrics().num_alive_tasks();
            let left = redis.lrange("orders").await;
            (
                waiting,
                brewed.list(),
                left,
                redis.lrange("anna").await,
                tasks,
            )
        });
        checks.overlap(
            "at_once",
            "every hand brews, and no more than there are",
            &run,
            "hand",
            HANDS..=HANDS,
        );
        let claim = "orders without a free hand stay in the list";
        checks.equal_in("left", claim, &run, &(10 - HANDS), |(waiting, ..)| *waiting);
        let claim = "the orders in hand at the stop are brewed, and no more";
        checks.same_items_in("stop", claim, &run, &orders(1..=6), |(_, brewed, ..)| {
            brewed.clone()
        });
        let claim = "the others stay in the list, in their old order";
        checks.equal_in("stop", claim, &run, &orders(7..=10), |(_, _, left, ..)| {
            left.clone()
        });
        let claim = "what is brewed is struck off";
        checks.equal_in("struck_off", claim, &run, &Vec::new(), |(.., taken, _)| {
            taken.clone()
        });
        let claim = "no task is left at the end";
        checks.equal_in("tasks", claim, &run, &0, |(.., tasks)| *tasks);
        checks.elapsed("stop", "it ends when they are brewed", &run, seconds(4));

        let run = checks.on_tokio(async {
            let (redis, brewed, stop) = (
                FakeRedis::new(),
                Brewed::default(),
                CancellationToken::new(),
            );
            let script = async {
                sleep(seconds(1)).await;
                redis.rpush("orders", "1").await;
                sleep(seconds(4)).await;
                stop.cancel();
            };
            tokio::join!(
                work(redis.clone(), "anna", brewed.brew(), stop.clone()),
                script
            );
            brewed.list()
        });
        checks.value(
            "idle",
            "an order that comes later is brewed",
            &run,
            &orders(1..=1),
        );
        let claim = "a worker that waits for an order ends at the stop";
        checks.elapsed("idle", claim, &run, seconds(5));

        let run = checks.on_tokio(async {
            for moments in (0..10).flat_map(|moments| [moments; REPEATS]) {
                let (redis, brewed, stop) = (
                    FakeRedis::new(),
                    Brewed::default(),
                    CancellationToken::new(),
                );
                let script = async {
                    sleep(seconds(1)).await;
                    let push = tokio::spawn({
                        let redis = redis.clone();
                        async move {
                            redis.rpush("orders", "1").await;
                            redis.rpush("orders", "2").await
                        }
                    });
                    for _ in 0..moments {
                        yield_now().await;
                    }
                    stop.cancel();
                    let _ = push.await;
                };
                tokio::join!(
                    work(redis.clone(), "anna", brewed.brew(), stop.clone()),
                    script
                );
                let (mut brewed, waiting) = (brewed.list(), redis.lrange("orders").await);
                brewed.sort(); // What is in two hands at the same time has no order.
                let taken = redis.lrange("anna").await;
                if [&brewed[..], &waiting].concat() != ["1", "2"] || !taken.is_empty() {
                    return format!(
                        "brewed: {brewed:?}, waiting: {waiting:?}, still with the worker: {taken:?}"
                    );
                }
            }
            "brewed, or given back in order".to_owned()
        });
        checks.value(
            "moment",
            "of two orders, one that is moved in the moment of the stop is brewed, or given back to its old place",
            &run,
            &"brewed, or given back in order".to_owned(),
        );
    })
}
