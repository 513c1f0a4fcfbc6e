//! What one child of a group costs, in nanoseconds: every child gives the others one turn and ends.
//!
//! Run it with `cargo run --release -p benches --example groups`.
//! The fastest of seven rounds counts.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use tokio::task::{JoinSet, yield_now};

const SIZES: [usize; 3] = [10, 1_000, 100_000];
const ROUNDS: usize = 7;
/// How many children a round runs in all, so that small groups are measured many times.
const CHILDREN: usize = 200_000;

type Run = fn(usize) -> Duration;

fn main() {
    let columns: [(&str, Run); 5] = [
        ("gather (ours)", ours),
        ("spawn, then await each", spawned),
        ("join_all", joined),
        ("FuturesUnordered", unordered),
        ("JoinSet", join_set),
    ];
    print!("{:<24}", "children");
    for size in SIZES {
        print!("{size:>12}");
    }
    println!();
    for (name, run) in columns {
        print!("{name:<24}");
        for size in SIZES {
            // The first round warms up.
            run(size);
            let fastest = (0..ROUNDS).map(|_| run(size)).min().expect("at least one round");
            let groups = CHILDREN / size;
            let nanoseconds = fastest.as_nanos() as f64 / (groups * size) as f64;
            print!("{:>12}", format!("{nanoseconds:.0} ns"));
        }
        println!();
    }
}

fn ours(size: usize) -> Duration {
    asyncio::run(async move {
        let start = Instant::now();
        for _ in 0..CHILDREN / size {
            asyncio::gather((0..size).map(|_| async { Ok(asyncio::yield_now().await?) })).await?;
        }
        Ok(start.elapsed())
    })
    .expect("nothing fails")
}

/// Runs `group` as a task of Tokio's current-thread runtime: what is polled by `block_on` itself has other costs.
fn on_tokio<F>(size: usize, group: fn(usize) -> F) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without drivers");
    let measured = runtime.spawn(async move {
        let start = Instant::now();
        for _ in 0..CHILDREN / size {
            group(size).await;
        }
        start.elapsed()
    });
    runtime.block_on(measured).expect("nothing panics")
}

fn spawned(size: usize) -> Duration {
    on_tokio(size, |size| async move {
        let tasks: Vec<_> = (0..size).map(|_| tokio::spawn(yield_now())).collect();
        for task in tasks {
            task.await.expect("nothing panics");
        }
    })
}

fn joined(size: usize) -> Duration {
    on_tokio(size, |size| async move {
        join_all((0..size).map(|_| yield_now())).await;
    })
}

fn unordered(size: usize) -> Duration {
    on_tokio(size, |size| async move {
        let mut group: FuturesUnordered<_> = (0..size).map(|_| yield_now()).collect();
        while group.next().await.is_some() {}
    })
}

fn join_set(size: usize) -> Duration {
    on_tokio(size, |size| async move {
        let mut group = JoinSet::new();
        for _ in 0..size {
            group.spawn(yield_now());
        }
        while group.join_next().await.is_some() {}
    })
}
