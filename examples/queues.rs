//! Queues between tasks: waiting for items and for room, order, fairness, and the end of the work.
//!
//! Run it with `cargo run --example queues`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `queues.py`, prints.

mod support;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{
    BasicQueue, LifoQueue, PriorityQueue, Queue, Result, ReturnWhen, Storage, Task, create_task,
    gather, get_running_loop, sleep, wait, yield_now,
};
use support::{Part, seconds};

fn main() -> ExitCode {
    support::run(
        "Queues between tasks: waiting, order, fairness, and the end of the work.",
        &[
            Part {
                name: "nowait",
                about: "put and get without waiting",
                run: |event_loop| event_loop.run(nowait()),
            },
            Part {
                name: "later",
                about: "a get that waits longer than a limit of 1 second",
                run: |event_loop| event_loop.run(later()),
            },
            Part {
                name: "bounded",
                about: "a fast producer is held back",
                run: |event_loop| event_loop.run(bounded()),
            },
            Part {
                name: "join",
                about: "workers drain the queue, then stop",
                run: |event_loop| event_loop.run(join()),
            },
            Part {
                name: "order",
                about: "first in, last in, smallest",
                run: |_| order(),
            },
            Part {
                name: "fair",
                about: "who waited first is served first",
                run: |event_loop| event_loop.run(fair()),
            },
            Part {
                name: "overtaken",
                about: "a woken getter does not own its item yet",
                run: |event_loop| event_loop.run(overtaken()),
            },
            Part {
                name: "cancelled",
                about: "a cancelled getter loses nothing",
                run: |event_loop| event_loop.run(cancelled()),
            },
            Part {
                name: "many",
                about: "two producers, three consumers, and a sentinel for each",
                run: |event_loop| event_loop.run(many()),
            },
        ],
    )
}

async fn nowait() -> Result<()> {
    let queue = Queue::bounded(2);
    queue.put_nowait("tea")?;
    queue.put_nowait("cake")?;
    println!("size {}, full: {}", queue.qsize(), queue.is_full());
    if let Err(full) = queue.put_nowait("bread") {
        println!("no room for {}", full.into_item());
    }
    println!("{}, {}", queue.get_nowait()?, queue.get_nowait()?);
    if queue.get_nowait().is_err() {
        println!("nothing left: {}", queue.is_empty());
    }
    Ok(())
}

async fn later() -> Result<()> {
    let queue = Queue::new();
    let first = create_task(queue.get());
    queue.put_nowait("foo")?;
    println!("got {}", first.await?);

    let second = create_task(queue.get());
    let limit = Duration::from_secs(1);
    let waited = wait([&second], limit, ReturnWhen::AllCompleted).await?;
    println!("pending after 1 s: {}", waited.pending.len());
    queue.put_nowait("bar")?;
    println!("got {}", second.await?);
    Ok(())
}

async fn bounded() -> Result<()> {
    let start = get_running_loop()?.time();
    let queue = Queue::bounded(1);
    let sender = queue.clone();
    let producer = create_task(async move {
        for number in 1..=3 {
            sender.put(number).await?;
            let now = seconds(get_running_loop()?.time() - start);
            println!("put {number} after {now}");
        }
        Ok(())
    });
    for _ in 1..=3 {
        sleep(Duration::from_secs(2)).await?;
        println!("got {}", queue.get().await?);
    }
    producer.await
}

/// Serves orders until it is cancelled.
async fn worker(name: &'static str, takes: u64, queue: Queue<u32>) -> Result<()> {
    loop {
        let order = queue.get().await?;
        sleep(Duration::from_millis(takes)).await?;
        println!("{name} served order {order}");
        queue.task_done()?;
    }
}

async fn join() -> Result<()> {
    let start = get_running_loop()?.time();
    let queue = Queue::new();
    for order in 1..=5 {
        queue.put_nowait(order)?;
    }
    let workers = [("anna", 1000), ("ben", 1700)]
        .map(|(name, takes)| create_task(worker(name, takes, queue.clone())));
    queue.join().await?;
    let now = get_running_loop()?.time();
    println!("all served after {}", seconds(now - start));
    for worker in workers {
        worker.cancel();
        let ended = worker.await;
        println!(
            "worker cancelled: {}",
            ended.is_err_and(|e| e.is_cancelled())
        );
    }
    Ok(())
}

/// Fills a queue of any order, empties it, and says what came out.
fn show<S: Storage<u32>>(name: &str, queue: BasicQueue<u32, S>) -> Result<()> {
    for number in [1, 3, 2] {
        queue.put_nowait(number)?;
    }
    let (first, second) = (queue.get_nowait()?, queue.get_nowait()?);
    println!("{name:<14} {first} {second} {}", queue.get_nowait()?);
    Ok(())
}

fn order() -> Result<()> {
    show("Queue", Queue::new())?;
    show("LifoQueue", LifoQueue::new())?;
    show("PriorityQueue", PriorityQueue::new())
}

/// Starts a task that takes one item and says so.
fn named_getter(name: &'static str, queue: &Queue<u32>) -> Task<()> {
    let queue = queue.clone();
    create_task(async move {
        match queue.get().await {
            Ok(item) => println!("{name} got {item}"),
            Err(_) => println!("{name} was cancelled"),
        }
        Ok(())
    })
}

async fn fair() -> Result<()> {
    let queue = Queue::new();
    let getters = ["anna", "ben", "cleo"].map(|name| named_getter(name, &queue));
    yield_now().await?;
    for number in 1..=3 {
        queue.put_nowait(number)?;
    }
    gather(getters).await?;
    Ok(())
}

async fn overtaken() -> Result<()> {
    let queue = Queue::new();
    let getters = ["anna", "ben"].map(|name| named_getter(name, &queue));
    yield_now().await?;
    queue.put_nowait(1)?;
    println!("main got {}", queue.get_nowait()?);
    yield_now().await?;
    queue.put_nowait(2)?;
    queue.put_nowait(3)?;
    gather(getters).await?;
    Ok(())
}

async fn cancelled() -> Result<()> {
    let queue = Queue::new();
    let [anna, ben] = ["anna", "ben"].map(|name| named_getter(name, &queue));
    yield_now().await?;
    queue.put_nowait(1)?;
    anna.cancel();
    gather([anna, ben]).await?;
    println!("left: {}", queue.qsize());
    Ok(())
}

async fn producer(orders: std::ops::Range<u32>, queue: Queue<Option<u32>>) -> Result<()> {
    for order in orders {
        queue.put(Some(order)).await?;
    }
    Ok(())
}

/// Adds up orders until the sentinel comes.
async fn consumer(queue: Queue<Option<u32>>) -> Result<u32> {
    let mut sum = 0;
    while let Some(order) = queue.get().await? {
        sleep(Duration::from_millis(100)).await?;
        sum += order;
    }
    Ok(sum)
}

async fn many() -> Result<()> {
    let queue = Queue::bounded(2);
    let consumers: Vec<_> = (0..3)
        .map(|_| create_task(consumer(queue.clone())))
        .collect();
    gather([
        producer(1..11, queue.clone()),
        producer(11..21, queue.clone()),
    ])
    .await?;
    for _ in &consumers {
        queue.put(None).await?;
    }
    let sums = gather(&consumers).await?;
    println!(
        "{} consumers ended, sum {}",
        sums.len(),
        sums.iter().sum::<u32>()
    );
    println!("left: {}", queue.qsize());
    Ok(())
}
