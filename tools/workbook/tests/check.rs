//! The tools that exercises are checked with: each passes what is right, and says what it saw of what is not.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use asyncio::{create_task, gather, get_running_loop, to_thread};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use check::{BLOCKED_FROM, Checks, End, FakeRedis, block, enter, note, with_site};

/// What programs note is kept once for the whole process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Each check as `id`, or as `id: expected / seen` if it failed.
fn outcome(checks: &Checks) -> Vec<String> {
    let done = checks.done();
    let lines = done.iter().map(|check| match &check.failure {
        None => check.id.clone(),
        Some((expected, seen)) => format!("{}: {expected} / {seen}", check.id),
    });
    lines.collect()
}

async fn visit(n: u64) -> asyncio::Result<u64> {
    let _visit = enter("room");
    asyncio::sleep(seconds(n)).await?;
    note(format!("{n} leaves"));
    Ok(n)
}

async fn tokio_visit(n: u64) {
    let _visit = enter("room");
    tokio::time::sleep(seconds(n)).await;
    note(format!("{n} leaves"));
}

#[test]
fn a_good_run_on_the_loop_passes() {
    let _alone = alone();
    let mut checks = Checks::new();
    let run = checks.on_loop(async { gather([visit(2), visit(1)]).await });
    checks.value("value", "", &run, &vec![2, 1]);
    checks.elapsed("elapsed", "", &run, seconds(2));
    checks.overlap("overlap", "", &run, "room", 2..=3);
    checks.never_blocked("never_blocked", "", &run);
    checks.all_left("all_left", "", &run, "room");
    checks.no_task_left("no_task_left", "", &run);
    checks.trace("trace", "", &run, &["1 leaves", "2 leaves"]);
    assert_eq!(outcome(&checks), ["value", "elapsed", "overlap", "never_blocked", "all_left", "no_task_left", "trace"]);
}

#[test]
fn a_bad_run_on_the_loop_fails_each_check() {
    let _alone = alone();
    let mut checks = Checks::new();
    let run = checks.on_loop(async {
        visit(1).await?;
        create_task(visit(9));
        asyncio::sleep(seconds(1)).await?;
        get_running_loop()?.advance(seconds(3));
        asyncio::yield_now().await?;
        Ok(5)
    });
    checks.value("value", "", &run, &6);
    checks.elapsed("elapsed", "", &run, seconds(2));
    checks.overlap("overlap", "", &run, "room", 2..=3);
    checks.never_blocked("never_blocked", "", &run);
    checks.all_left("all_left", "", &run, "room");
    checks.all_left("all_left", "", &run, "garden");
    checks.no_task_left("no_task_left", "", &run);
    checks.trace("trace", "", &run, &["9 leaves"]);
    assert_eq!(
        outcome(&checks),
        [
            "value: 6 / 5",
            "elapsed: 2 s / 5 s",
            "overlap: 2 to 3 at the same time / 1",
            "never_blocked: short steps that never keep the thread / Executing task Task-1 took 3.000 seconds",
            "all_left: all had left at the end / 1 of 2 still there",
            "all_left: all had left at the end / nobody came",
            "no_task_left: no task left at the end / 1 task still there",
            "trace: 9 leaves / 1 leaves",
        ]
    );
}

#[test]
fn a_good_run_on_tokio_passes() {
    let _alone = alone();
    let mut checks = Checks::new();
    let run = checks.on_tokio(async {
        tokio::join!(tokio_visit(2), tokio_visit(1));
        7
    });
    checks.value("value", "", &run, &7);
    checks.elapsed("elapsed", "", &run, seconds(2));
    checks.overlap("overlap", "", &run, "room", 2..=2);
    checks.never_blocked("never_blocked", "", &run);
    checks.all_left("all_left", "", &run, "room");
    checks.no_task_left("no_task_left", "", &run);
    checks.trace("trace", "", &run, &["1 leaves", "2 leaves"]);
    assert_eq!(outcome(&checks), ["value", "elapsed", "overlap", "never_blocked", "all_left", "no_task_left", "trace"]);
}

#[test]
fn a_run_in_real_time_sees_another_process_and_a_limit() {
    let _alone = alone();
    let mut checks = Checks::new();
    let run = checks.in_real_time(seconds(60), async {
        let echo = tokio::process::Command::new("cargo").arg("-V").output();
        note("asked");
        echo.await.is_ok_and(|output| output.status.success())
    });
    checks.value("value", "", &run, &true);
    checks.trace("trace", "", &run, &["asked"]);
    let run = checks.in_real_time(Duration::from_millis(5), tokio_visit(60));
    checks.trace("left out", "nothing is noted", &run, &[]);
    assert_eq!(
        outcome(&checks),
        [
            "value",
            "trace",
            "ends: an end with a value, to see that nothing is noted / it was still waiting after 0.005 s"
        ]
    );
}

#[test]
fn a_bad_run_on_tokio_fails_each_check() {
    let _alone = alone();
    let mut checks = Checks::new();
    let run = checks.on_tokio(async {
        tokio_visit(1).await;
        tokio::spawn(tokio_visit(9));
        tokio::time::sleep(seconds(1)).await;
    });
    checks.elapsed("elapsed", "", &run, seconds(1));
    checks.overlap("overlap", "", &run, "room", 2..=2);
    checks.all_left("all_left", "", &run, "room");
    checks.no_task_left("no_task_left", "", &run);
    checks.trace("trace", "", &run, &[]);
    assert_eq!(
        outcome(&checks),
        [
            "elapsed: 1 s / 2 s",
            "overlap: 2 at the same time / 1",
            "all_left: all had left at the end / 1 of 2 still there",
            "no_task_left: no task left at the end / 1 task still there",
            "trace:  / 1 leaves",
        ]
    );
}

/// Keeps the thread in real time, as a blocking call does.
fn keep_the_thread() {
    let start = std::time::Instant::now();
    while start.elapsed() < BLOCKED_FROM {
        std::hint::spin_loop();
    }
}

#[test]
fn a_thread_that_is_kept_is_seen_on_both() {
    let _alone = alone();
    let mut checks = Checks::new();
    let run = checks.on_loop(async {
        create_task(async {
            keep_the_thread();
            Ok(())
        })
        .await
    });
    checks.never_blocked("loop", "", &run);
    let run = checks.on_tokio(async {
        let task = tokio::spawn(async {
            tokio::time::sleep(seconds(1)).await;
            keep_the_thread();
        });
        task.await
    });
    checks.never_blocked("tokio", "", &run);
    let failed: Vec<bool> = checks.done().iter().map(|c| c.failure.is_some()).collect();
    assert_eq!(failed, [true, true]);
}

#[test]
fn a_blocking_call_keeps_its_own_thread_only() {
    let _alone = alone();
    let mut checks = Checks::new();
    let run = checks.on_loop(async {
        block(seconds(3));
        Ok(())
    });
    checks.never_blocked("loop", "", &run);
    checks.elapsed("elapsed", "", &run, seconds(3));
    let run = checks.on_loop(async {
        let job = || {
            block(seconds(3));
            Ok(())
        };
        to_thread(job).await
    });
    checks.never_blocked("to_thread", "", &run);
    let run = checks.on_loop(async {
        let other = std::thread::spawn(|| block(seconds(3)));
        other.join().expect("it does not panic");
        Ok(())
    });
    checks.never_blocked("joined", "", &run);
    let run = checks.on_tokio(async { block(seconds(3)) });
    checks.never_blocked("tokio", "", &run);
    let run = checks.on_tokio(async { tokio::task::spawn_blocking(|| block(seconds(3))).await });
    checks.never_blocked("spawn_blocking", "", &run);
    let blocked = "short steps that never keep the thread / a call kept the loop's thread for 3 s";
    let joined = "short steps that never keep the thread / the loop's thread never rested: it waited for another thread, or asked for it again and again";
    assert_eq!(
        outcome(&checks),
        [
            format!("loop: {blocked}"),
            "elapsed".to_owned(),
            "to_thread".to_owned(),
            format!("joined: {joined}"),
            format!("tokio: {blocked}"),
            "spawn_blocking".to_owned(),
        ]
    );
}

#[test]
fn a_run_without_an_end_fails_once_and_names_each_claim_that_it_does_not_show() {
    let _alone = alone();
    let mut checks = Checks::new();
    let stalled = checks.on_loop(async {
        create_task(visit(1));
        get_running_loop()?.create_promise::<u32>().await
    });
    let failed = checks.on_loop::<()>(async { Err(asyncio::Error::msg("spilled")) });
    // Each claim stands with its own run, whatever was run meanwhile.
    checks.value("value", "the value is right", &stalled, &1);
    checks.elapsed("elapsed", "no time passes", &failed, seconds(0));
    checks.no_task_left("no_task_left", "no task is left", &stalled);
    let panicked = checks.on_loop::<()>(async { panic!("on {}", "purpose") });
    checks.all_left("all_left", "all have left", &panicked, "place");
    checks.overlap("overlap", "two meet", &panicked, "place", 2..=2);
    checks.never_blocked("never_blocked", "no step is long", &panicked);
    let stalled = checks.on_tokio(std::future::pending::<u32>());
    checks.trace("trace", "nothing is noted", &stalled, &[]);
    checks.equal_in("equal", "it is 1", &stalled, &1, |value| *value);
    checks.that_in("that", "it is even", &stalled, "even", |n| (n % 2 == 0, *n));
    checks.same_items_in("items", "it is all", &stalled, &[1], |value| vec![*value]);
    checks.on_tokio(async { panic!("on purpose") });
    assert_eq!(
        outcome(&checks),
        [
            "ends: an end with a value, to see that the value is right; that no task is left / it waits for ever: every task is waiting and nothing is left that could wake one (1 unfinished)",
            "ends: an end with a value, to see that no time passes / it ended with the error \"spilled\"",
            "ends: an end with a value, to see that all have left; that two meet; that no step is long / it panicked: on purpose",
            "ends: an end with a value, to see that nothing is noted; that it is 1; that it is even; that it is all / it waits for ever: every task is waiting and nothing is left that could wake one",
            "ends: an end with a value / it panicked: on purpose",
        ]
    );
}

#[test]
fn what_follows_from_a_value_can_be_asked() {
    let _alone = alone();
    let mut checks = Checks::new();
    let run = checks.on_loop(async { Ok((vec![2, 1], "two")) });
    for word in ["two", "one"] {
        checks.equal_in("equal", "", &run, &word, |(_, seen)| *seen);
    }
    for items in [[1, 2], [1, 1]] {
        checks.same_items_in("items", "", &run, &items, |(items, _)| items.clone());
    }
    for most in [2, 1] {
        checks.that_in("that", "", &run, most, |(items, _)| (items.len() <= most, items.len()));
    }
    assert_eq!(
        outcome(&checks),
        [
            "equal",
            "equal: \"one\" / \"two\"",
            "items",
            "items: each of [1, 1] once, in any order / [2, 1]; lost: [1]; too many: [2]",
            "that",
            "that: 1 / 2",
        ]
    );
}

/// A page that is slow, one that panics, and one that says whether its client has gone.
fn pages() -> Router {
    let slow = || async {
        let _visit = enter("slow");
        tokio::time::sleep(seconds(2)).await;
        (StatusCode::ACCEPTED, [("Retry-After", "7")], "slow")
    };
    async fn broken() {
        panic!("on purpose")
    }
    Router::new().route("/slow", get(slow)).route("/broken", get(broken)).route("/empty", get(|| async {}))
}

#[test]
fn clients_of_a_site_are_answered_on_the_paused_clock() {
    let _alone = alone();
    let mut checks = Checks::new();
    let run = checks.on_tokio(with_site(pages(), async |site| {
        let (one, two) = tokio::join!(site.get("/slow"), site.get("/slow"));
        assert!(one.head.contains("\r\nretry-after: 7\r\n"), "{one:?}");
        let others = [site.get("/empty").await, site.get("/none").await, site.get("/broken").await];
        ([one.to_string(), two.to_string()], others.map(|answer| answer.to_string()))
    }));
    let answers = (["202 slow"; 2].map(str::to_owned), ["200", "404", "no answer"].map(str::to_owned));
    checks.value("answers", "", &run, &answers);
    checks.overlap("together", "", &run, "slow", 2..=2);
    checks.elapsed("time", "", &run, seconds(2));
    assert_eq!(outcome(&checks), ["answers", "together", "time"]);
}

#[test]
fn a_client_that_is_dropped_has_left_and_answers_under_way_are_waited_for() {
    let _alone = alone();
    let mut checks = Checks::new();
    let run = checks.on_tokio(with_site(pages(), async |site| {
        let leaves = tokio::time::timeout(seconds(1), site.get("/slow"));
        let gave_up = leaves.await.is_err();
        tokio::task::yield_now().await;
        gave_up
    }));
    checks.value("gave_up", "", &run, &true);
    checks.elapsed("gone", "", &run, seconds(1));
    checks.all_left("left", "", &run, "slow");
    let run = checks.on_tokio(with_site(pages(), async |site| {
        let site = site.clone();
        tokio::spawn(async move { note(site.get("/slow").await.to_string()) });
        tokio::time::sleep(seconds(1)).await;
    }));
    checks.trace("answered", "", &run, &["202 slow"]);
    assert_eq!(outcome(&checks), ["gave_up", "gone", "left", "answered"]);
}

#[test]
fn items_are_neither_lost_nor_doubled() {
    let mut checks = Checks::new();
    checks.same_items("same", "", &[1, 2, 2], &[2, 1, 2]);
    checks.same_items("lost", "", &[1, 2], &[2]);
    checks.same_items("doubled", "", &[1], &[1, 1]);
    checks.equal("equal", "", &1, &2);
    checks.that("that", "", false, "more", "less");
    assert_eq!(
        outcome(&checks),
        [
            "same",
            "lost: each of [1, 2] once, in any order / [2]; lost: [1]",
            "doubled: each of [1] once, in any order / [1, 1]; too many: [1]",
            "equal: 1 / 2",
            "that: more / less",
        ]
    );
}

#[test]
fn a_visit_that_outlives_its_run_is_not_counted_in_the_next() {
    let _alone = alone();
    let mut checks = Checks::new();
    let kept = Rc::new(RefCell::new(None));
    let keeper = kept.clone();
    let run = checks.on_loop(async move {
        *keeper.borrow_mut() = Some(enter("room"));
        Ok(())
    });
    assert_eq!((run.entered("room"), run.inside("room")), (1, 1));
    let run = checks.on_loop(async move {
        let _visit = enter("room");
        drop(kept.take());
        Ok(())
    });
    assert_eq!((run.entered("room"), run.highest("room")), (1, 1));
}

#[test]
fn a_command_that_is_dropped_has_had_its_effect() {
    let _alone = alone();
    let mut checks = Checks::new();
    let run = checks.on_tokio(async {
        let redis = FakeRedis::new();
        redis.rpush("orders", "green").await;
        let moved = redis.lmove("orders", "taken", End::Left, End::Right);
        let before = check::killed_after(0, async { redis.lpop("orders").await }).await;
        let killed = check::killed_after(1, moved).await;
        let lists = (redis.lrange("orders").await, redis.lrange("taken").await);
        let answered = check::killed_after(2, redis.lrem("taken", "green")).await;
        (before, killed, lists, answered, redis.lrem("taken", "green").await)
    });
    let taken = (Vec::new(), vec!["green".to_owned()]);
    let seen = (None, None, taken, Some(true), false);
    checks.value("seen", "", &run, &seen);
    assert_eq!(outcome(&checks), ["seen"]);
}

#[test]
fn who_waits_for_an_item_gets_it_and_who_gave_up_takes_none() {
    let _alone = alone();
    let mut checks = Checks::new();
    let run = checks.on_loop(async {
        let redis = FakeRedis::new();
        let given_up = asyncio::timeout(seconds(1), async { Ok(redis.blpop("orders").await) });
        assert!(given_up.await.is_err());
        let other = redis.clone();
        let waits =
            asyncio::create_task(async move { Ok(other.blmove("orders", "taken", End::Left, End::Right).await) });
        asyncio::sleep(seconds(1)).await?;
        assert_eq!(redis.rpush("orders", "green").await, 1);
        let got = waits.await?;
        let sums = (redis.incrby("sold", 2).await, redis.incrby("sold", 3).await);
        let new = (redis.sadd("sold", &got).await, redis.sadd("sold", &got).await);
        Ok((got, sums, new, redis.lrange("orders").await))
    });
    let expected = ("green".to_owned(), (2, 5), (true, false), Vec::new());
    checks.value("seen", "", &run, &expected);
    assert_eq!(outcome(&checks), ["seen"]);
}
