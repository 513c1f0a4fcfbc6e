mod exercise;

use std::cell::RefCell;
use std::process::ExitCode;
use std::time::Duration;

use check::{FakeRedis, killed_after};
use tokio::time::sleep;

/// More than a worker is polled for all orders.
const POLLS: usize = 60;

async fn shop(orders: &[&str]) -> FakeRedis {
    let redis = FakeRedis::new();
    for order in orders {
        redis.rpush("orders", order).await;
    }
    redis
}

/// Works, killed after so many polls, and gives what was brewed.
async fn work(redis: &FakeRedis, polls: usize) -> Vec<u64> {
    let brewed = RefCell::new(Vec::new());
    let brew = async |seconds: u64| {
        if seconds > 10 {
            return Err("too strong".to_owned());
        }
        sleep(Duration::from_secs(seconds)).await;
        brewed.borrow_mut().push(seconds);
        Ok(())
    };
    killed_after(polls, exercise::work(redis, "anna", brew)).await;
    brewed.into_inner()
}

fn text(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            let redis = shop(&["3", "1", "3"]).await;
            (work(&redis, usize::MAX).await, redis.lrange("anna").await)
        });
        let expected = (vec![3, 1, 3], Vec::new());
        checks.value(
            "good",
            "good orders are brewed and struck off",
            &run,
            &expected,
        );

        for bad in [["tea", "-1"], ["60", "11"]] {
            // A worker that panics should fail this check, and not end the program of the checks.
            let run = checks.on_tokio(async move {
                let redis = shop(&["3", bad[0], bad[1], "1"]).await;
                let kept = redis.clone();
                let local = tokio::task::LocalSet::new();
                let working = local.spawn_local(async move { work(&redis, usize::MAX).await });
                let brewed = local.run_until(working).await;
                let brewed = brewed.map_err(|_| "the worker panicked");
                (brewed, kept.lrange("anna").await, kept.lrange("bad").await)
            });
            let claim = format!("{bad:?} do not end the worker");
            let expected = Ok(vec![3, 1]);
            checks.equal_in("goes_on", &claim, &run, &expected, |(brewed, ..)| {
                brewed.clone()
            });
            let claim = "they are set aside with the reason";
            let expected = match bad {
                ["tea", _] => text(&["tea: no number", "-1: no number"]),
                _ => text(&["60: too strong", "11: too strong"]),
            };
            checks.equal_in("bad", claim, &run, &expected, |(.., set_aside)| {
                set_aside.clone()
            });
            let claim = "they are struck off";
            checks.equal_in("struck_off", claim, &run, &Vec::new(), |(_, taken, _)| {
                taken.clone()
            });
        }

        let run = checks.on_tokio(async {
            for polls in 1..POLLS {
                let redis = shop(&["2", "tea", "60", "tea"]).await;
                work(&redis, polls).await;
                let mut all = redis.lrange("orders").await;
                all.extend(redis.lrange("anna").await);
                for bad in redis.lrange("bad").await {
                    all.push(bad.split(':').next().unwrap_or_default().to_owned());
                }
                all.retain(|order| order != "2");
                all.sort();
                if all != ["60", "tea", "tea"] {
                    return format!("killed after {polls} steps: {all:?}");
                }
            }
            "each in one".to_owned()
        });
        checks.value(
            "one_step",
            "wherever the worker is killed, each bad order is in exactly one list",
            &run,
            &"each in one".to_owned(),
        );

        let run = checks.on_tokio(async {
            for polls in 1..POLLS {
                let redis = shop(&["2", "3"]).await;
                let brewed = work(&redis, polls).await;
                let mut known = redis.lrange("orders").await;
                known.extend(redis.lrange("anna").await);
                known.extend(brewed.iter().map(u64::to_string));
                if !["2", "3"]
                    .iter()
                    .all(|order| known.iter().any(|other| other == order))
                {
                    return format!("killed after {polls} steps: known are {known:?}");
                }
            }
            "none lost".to_owned()
        });
        checks.value(
            "good",
            "wherever the worker is killed, a good order is brewed or still in a list",
            &run,
            &"none lost".to_owned(),
        );
    })
}
