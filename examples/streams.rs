//! Streams: reading, writing, backpressure, and what becomes of one that is half read.
//!
//! Run it with `cargo run --example streams`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `streams.py`, prints.

mod support;

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::task::{Context, Poll};
use std::time::Duration;

use async_stream::try_stream;
use asyncio::{
    Awaiting, Error, EventLoop, Promise, Queue, Result, ReturnWhen, TimedOut, create_task,
    get_running_loop, sleep, timeout, wait, yield_now,
};
use futures::future::{self, FutureExt};
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use support::{Part, seconds};

fn main() -> ExitCode {
    support::run(
        "Streams: reading, writing, backpressure, and what becomes of one that is half read.",
        &[
            Part {
                name: "reader",
                about: "99 lines, then the end; nobody else gets a turn between ready items",
                run: |event_loop| event_loop.run(reader()),
            },
            Part {
                name: "comprehension",
                about: "filter, map and collect",
                run: |event_loop| event_loop.run(comprehension()),
            },
            Part {
                name: "by_hand",
                about: "a stream that stores what it waits for",
                run: |event_loop| event_loop.run(by_hand()),
            },
            Part {
                name: "generator",
                about: "a stream with a yield in it, from a state or from a loop",
                run: |event_loop| event_loop.run(generators()),
            },
            Part {
                name: "pull",
                about: "the maker waits for the user: 9 seconds",
                run: |event_loop| event_loop.run(pull()),
            },
            Part {
                name: "ahead",
                about: "the maker is a task and runs ahead by one item: 7 seconds",
                run: |event_loop| event_loop.run(ahead()),
            },
            Part {
                name: "window",
                about: "two in work at once, in order and as they come",
                run: |event_loop| event_loop.run(window()),
            },
            Part {
                name: "half_read",
                about: "a stream that is left in the middle",
                run: |event_loop| event_loop.run(half_read()),
            },
            Part {
                name: "cancel",
                about: "its reader is cancelled inside the stream, and in its own body",
                run: |event_loop| event_loop.run(cancelled()),
            },
            Part {
                name: "limit",
                about: "a limit of time for one item ends the stream",
                run: |event_loop| event_loop.run(limit()),
            },
            Part {
                name: "leaks",
                about: "what is open after each of four endings",
                run: leaks,
            },
        ],
    )
}

/// Tells the time of the running loop.
fn now() -> String {
    seconds(get_running_loop().expect("inside a task").time())
}

async fn pause(length: f64) -> Result<()> {
    Ok(sleep(Duration::from_secs_f64(length)).await?)
}

/// Ends after 99 lines.
#[derive(Default)]
struct Reader {
    count: u32,
}

impl Stream for Reader {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        self.count += 1;
        Poll::Ready((self.count < 100).then_some(self.count))
    }
}

async fn reader() -> Result<()> {
    get_running_loop()?.call_soon(|| println!("my turn"));
    let mut reader = Reader::default();
    let (mut lines, mut total) = (0, 0);
    while let Some(line) = reader.next().await {
        (lines, total) = (lines + 1, total + line);
    }
    println!("{lines} lines, sum {total}");
    Ok(yield_now().await?)
}

async fn comprehension() -> Result<()> {
    let third = Reader::default().filter(|line| future::ready(line % 33 == 0));
    let tenfold: Vec<u32> = third.map(|line| 10 * line).collect().await;
    println!("{tenfold:?}");
    Ok(())
}

/// Ticks once a second.
struct Ticks {
    left: u32,
    wait: Option<Awaiting<()>>,
}

impl Stream for Ticks {
    type Item = Result<()>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<()>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let wait = self.wait.get_or_insert_with(one_second);
        let result = futures::ready!(wait.poll_unpin(cx));
        self.wait = None;
        self.left -= 1;
        Poll::Ready(Some(result))
    }
}

fn one_second() -> Awaiting<()> {
    let event_loop = get_running_loop().expect("inside a task");
    let promise: Promise<()> = event_loop.create_promise();
    let filled = promise.clone();
    let fill = move || Ok::<_, Error>(filled.set_result(())?);
    event_loop.call_later(Duration::from_secs(1), fill);
    promise.into_future()
}

async fn by_hand() -> Result<()> {
    let late = Duration::from_millis(1500);
    get_running_loop()?.call_later(late, || println!("somebody else"));
    let mut ticks = Ticks {
        left: 3,
        wait: None,
    };
    while let Some(tick) = ticks.next().await {
        tick?;
        println!("tick at {}", now());
    }
    Ok(())
}

async fn generators() -> Result<()> {
    let from_a_state = stream::unfold(3_u32, async |number| {
        let left = number.checked_sub(1)?;
        let slept = pause(1.0).await;
        Some((slept.map(|()| number), left))
    });
    let mut numbers = pin!(from_a_state);
    while let Some(number) = numbers.next().await {
        println!("{} at {}", number?, now());
    }

    let mut numbers = pin!(countdown(3));
    while let Some(number) = numbers.next().await {
        println!("{} at {}", number?, now());
    }
    Ok(())
}

fn countdown(start: u32) -> impl Stream<Item = Result<u32>> {
    try_stream! {
        for number in (1..=start).rev() {
            pause(1.0).await?;
            yield number;
        }
    }
}

fn making() -> impl Stream<Item = Result<u32>> {
    try_stream! {
        for number in 1..=3 {
            pause(1.0).await?;
            println!("{}: made {number}", now());
            yield number;
        }
    }
}

/// Uses what it gets, slowly.
async fn use_up(number: u32) -> Result<()> {
    pause(2.0).await?;
    println!("{}: used {number}", now());
    Ok(())
}

async fn pull() -> Result<()> {
    making().try_for_each(use_up).await
}

async fn ahead() -> Result<()> {
    let queue = Queue::bounded(1);
    let sender = queue.clone();
    let maker = create_task(async move {
        let mut numbers = pin!(making());
        while let Some(number) = numbers.next().await {
            sender.put(Some(number?)).await?;
        }
        sender.put(None).await
    });
    while let Some(number) = queue.get().await? {
        use_up(number).await?;
    }
    maker.await
}

async fn tea((name, brewing): (&'static str, f64)) -> Result<&'static str> {
    pause(brewing).await?;
    Ok(name)
}

const MENU: [(&str, f64); 3] = [("black", 4.0), ("green", 1.0), ("herbal", 2.0)];

async fn window() -> Result<()> {
    let mut teas = stream::iter(MENU).map(tea).buffered(2);
    while let Some(name) = teas.next().await {
        println!("in order: {} at {}", name?, now());
    }
    let mut teas = stream::iter(MENU).map(tea).buffer_unordered(2);
    while let Some(name) = teas.next().await {
        println!("as they come: {} at {}", name?, now());
    }
    // The same with tasks, which go on while nobody asks.
    let mut menu = stream::iter(MENU).map(|order| create_task(tea(order)));
    let mut working = VecDeque::new();
    while let Some(task) = menu.next().await {
        working.push_back(task);
        if working.len() == 2 {
            take_first(&mut working).await?;
        }
    }
    take_first(&mut working).await
}

async fn take_first(working: &mut VecDeque<asyncio::Task<&'static str>>) -> Result<()> {
    if let Some(task) = working.pop_front() {
        println!("tasks: {} at {}", task.await?, now());
    }
    Ok(())
}

thread_local! {
    static OPEN: Cell<i32> = const { Cell::new(0) };
}

/// Counts what is open.
struct Open;

impl Open {
    fn new() -> Self {
        OPEN.set(OPEN.get() + 1);
        Open
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        OPEN.set(OPEN.get() - 1);
    }
}

/// Yields a line a second; a cancellation that finds it waiting makes it take a second to say goodbye.
fn lines() -> impl Stream<Item = Result<u32>> {
    try_stream! {
        let _open = Open::new();
        for line in 1..=3 {
            if let Err(cancelled) = pause(1.0).await {
                pause(1.0).await?;
                println!("said goodbye at {}", now());
                Err(cancelled)?;
            }
            yield line;
        }
    }
}

async fn half_read() -> Result<()> {
    {
        let mut lines = pin!(lines());
        println!("line {:?}", lines.try_next().await?.unwrap_or_default());
        println!("open: {}", OPEN.get());
    }
    println!("left: {}", OPEN.get());
    let two: Vec<u32> = lines().take(2).try_collect().await?;
    println!("{two:?}, open: {}", OPEN.get());
    Ok(())
}

async fn cancelled() -> Result<()> {
    for body in [0.0, 10.0] {
        let started = get_running_loop()?.time();
        let reader = create_task(async move {
            let mut lines = pin!(lines());
            while let Some(line) = lines.try_next().await? {
                println!("line {line}");
                pause(body).await?;
            }
            Ok(())
        });
        pause(2.5).await?;
        println!("open: {}", OPEN.get());
        reader.cancel();
        wait([&reader], None, ReturnWhen::AllCompleted).await?;
        let took = seconds(get_running_loop()?.time() - started);
        println!("cancelled: {} after {took}", reader.is_cancelled());
        println!("open: {}", OPEN.get());
    }
    Ok(())
}

async fn limit() -> Result<()> {
    let mut numbers = pin!(countdown(3));
    let first = timeout(Duration::from_millis(500), numbers.try_next()).await;
    if let Err(error) = first
        && error.is::<TimedOut>()
    {
        println!("{error} at {}", now());
    }
    let rest: Vec<u32> = numbers.try_collect().await?;
    println!("rest: {rest:?}");
    Ok(())
}

/// Reads until something happens.
async fn read(ending: &str) -> Result<()> {
    let mut lines = pin!(lines());
    while let Some(line) = lines.try_next().await? {
        match ending {
            "error" => return Err(Error::msg(format!("bad line {line}"))),
            // As a panic does, but it says nothing on standard error.
            "panic" => std::panic::resume_unwind(Box::new("bad line")),
            _ => {}
        }
    }
    Ok(())
}

fn leaks(event_loop: &EventLoop) -> Result<()> {
    for ending in ["normal end", "error", "panic", "cancellation"] {
        let reader = event_loop.create_task(read(ending));
        event_loop.run_until_complete(pause(0.5))?;
        println!("{ending}: open {}", OPEN.get());
        if ending == "cancellation" {
            reader.cancel();
        }
        let run = || event_loop.run_until_complete(&reader);
        let outcome = match catch_unwind(AssertUnwindSafe(run)) {
            Ok(Ok(())) => "finished".to_owned(),
            Ok(Err(error)) if error.is_cancelled() => "cancelled".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "panicked".to_owned(),
        };
        println!("{outcome}: open {}", OPEN.get());
    }
    Ok(())
}
