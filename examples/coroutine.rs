//! Coroutines: what a call does, who runs the body, and what travels back.
//!
//! Run it with `cargo run --example coroutine`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `coroutine.py`, prints.

mod support;

use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use asyncio::{Error, EventLoop, Promise, Result, create_task, get_running_loop, sleep, yield_now};
use support::{Part, seconds};

fn main() -> ExitCode {
    support::run(
        "Coroutines: what a call does, who runs the body, and what travels back.",
        &[
            Part {
                name: "call",
                about: "calling runs nothing",
                run: |event_loop| event_loop.run(call()),
            },
            Part {
                name: "kind",
                about: "a coroutine is no generator",
                run: |event_loop| event_loop.run(kind()),
            },
            Part {
                name: "two_ways",
                about: "awaited it runs on the spot, scheduled in its turn",
                run: |event_loop| event_loop.run(two_ways()),
            },
            Part {
                name: "nested",
                about: "three awaits in a row run in sequence",
                run: |event_loop| event_loop.run(nested()),
            },
            Part {
                name: "errors",
                about: "an error goes up two levels",
                run: |event_loop| event_loop.run(errors()),
            },
            Part {
                name: "panic",
                about: "what nobody catches leaves the loop",
                run: uncaught,
            },
            Part {
                name: "by_hand",
                about: "the same coroutine by the compiler and by hand",
                run: by_hand,
            },
            Part {
                name: "ready",
                about: "awaiting what is ready does not give way",
                run: |event_loop| event_loop.run(ready()),
            },
        ],
    )
}

async fn tea(name: &str) -> Result<String> {
    println!("{name} tea starts");
    Ok(format!("{name} tea"))
}

async fn call() -> Result<()> {
    let made = tea("green");
    println!("called");
    println!("awaited: {}", made.await?);
    Ok(())
}

/// Asks the compiler about the type of a value.
struct Ask<T>(T);

/// A type's own method goes before a trait's: `true` is the answer wherever the bound holds.
impl<F: Future> Ask<F> {
    fn is_future(&self) -> bool {
        true
    }
}

impl<I: Iterator> Ask<I> {
    fn is_iterator(&self) -> bool {
        true
    }
}

/// The answers for all other types.
trait Otherwise {
    fn is_future(&self) -> bool {
        false
    }

    fn is_iterator(&self) -> bool {
        false
    }
}

impl<T> Otherwise for Ask<T> {}

async fn kind() -> Result<()> {
    let made = Ask(tea("green"));
    println!("a coroutine: {}", made.is_future());
    println!("a generator: {}", made.is_iterator());
    let numbers = Ask((1..=5).filter(|number| number % 2 == 1));
    println!("numbers are a coroutine: {}", numbers.is_future());
    println!("numbers are a generator: {}", numbers.is_iterator());
    println!("{}, {}", made.0.await?, numbers.0.sum::<u32>());
    Ok(())
}

async fn two_ways() -> Result<()> {
    let green = tea("green").await?;
    println!("awaited {green}");
    let black = create_task(tea("black"));
    println!("scheduled black tea");
    println!("awaited {}", black.await?);
    Ok(())
}

async fn listed() -> Result<Vec<u32>> {
    sleep(Duration::from_secs(1)).await?;
    Ok(vec![2, 3, 5, 8])
}

async fn doubled(numbers: Vec<u32>) -> Result<Vec<u32>> {
    sleep(Duration::from_secs(1)).await?;
    Ok(numbers.into_iter().map(|number| 2 * number).collect())
}

async fn incremented(numbers: Vec<u32>) -> Result<Vec<u32>> {
    sleep(Duration::from_secs(1)).await?;
    Ok(numbers.into_iter().map(|number| number + 1).collect())
}

async fn nested() -> Result<()> {
    let now = || Ok::<_, Error>(seconds(get_running_loop()?.time()));
    let numbers = listed().await?;
    println!("listed {numbers:?} after {}", now()?);
    let numbers = doubled(numbers).await?;
    println!("doubled {numbers:?} after {}", now()?);
    let numbers = incremented(numbers).await?;
    println!("incremented {numbers:?} after {}", now()?);
    Ok(())
}

async fn boil(liters: u32) -> Result<&'static str> {
    yield_now().await?;
    if liters == 0 {
        return Err(Error::msg("no water"));
    }
    Ok("hot water")
}

async fn brew(liters: u32) -> Result<String> {
    Ok(format!("tea of {}", boil(liters).await?))
}

async fn errors() -> Result<()> {
    println!("{}", brew(1).await?);
    match brew(0).await {
        Ok(tea) => println!("{tea}"),
        Err(error) => println!("caught: {error}"),
    }
    Ok(())
}

/// Is turned off whatever happens.
struct Stove;

impl Drop for Stove {
    fn drop(&mut self) {
        println!("the stove is off");
    }
}

async fn boil_on(kettles: &[u32]) -> Result<u32> {
    yield_now().await?;
    Ok(kettles[0])
}

async fn brew_on(kettles: &[u32]) -> Result<u32> {
    let _stove = Stove;
    boil_on(kettles).await
}

/// Catches the panic outside the loop.
fn uncaught(event_loop: &EventLoop) -> Result<()> {
    // Without this the panic would be printed with its place; here it is a part of the scene.
    let report = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let run = || event_loop.run_until_complete(brew_on(&[]));
    let caught = panic::catch_unwind(AssertUnwindSafe(run));
    panic::set_hook(report);
    println!("left the loop: {}", caught.is_err());
    let result = event_loop.run_until_complete(brew_on(&[1]))?;
    println!("the loop still works: {result}");
    Ok(())
}

/// Gives way once.
struct GiveWay(bool);

impl Future for GiveWay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

async fn add_up(last: u32) -> u32 {
    let mut total = 0;
    for number in 1..=last {
        GiveWay(false).await;
        total += number;
    }
    total
}

/// What the compiler makes of `add_up`, written by hand.
enum AddUp {
    Start { last: u32 },
    Waiting { last: u32, number: u32, total: u32 },
    Done,
}

impl Future for AddUp {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        let (last, number, total) = match *self {
            AddUp::Start { last } => (last, 1, 0),
            AddUp::Waiting {
                last,
                number,
                total,
            } => (last, number + 1, total + number),
            AddUp::Done => panic!("polled after the end"),
        };
        if number > last {
            *self = AddUp::Done;
            return Poll::Ready(total);
        }
        *self = AddUp::Waiting {
            last,
            number,
            total,
        };
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Polls a future until it is done, and counts the polls.
///
/// It needs no waker because it never sleeps; an executor for work would.
fn drive<F: Future>(future: F) -> (F::Output, u32) {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    let mut steps = 0;
    loop {
        steps += 1;
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return (output, steps);
        }
    }
}

fn by_hand(event_loop: &EventLoop) -> Result<()> {
    let (total, steps) = drive(add_up(5));
    println!("by the compiler: {total} after {steps} steps");
    let (total, steps) = drive(AddUp::Start { last: 5 });
    println!("by hand: {total} after {steps} steps");
    let both = async { Ok((add_up(5).await, AddUp::Start { last: 5 }.await)) };
    let (first, second) = event_loop.run(both)?;
    println!("both on the loop: {first}, {second}");
    Ok(())
}

async fn ready() -> Result<()> {
    let event_loop = get_running_loop()?;
    let filled: Promise<u32> = event_loop.create_promise();
    filled.set_result(1)?;
    event_loop.call_soon(|| println!("the loop has a turn"));
    let mut total = 0;
    for _ in 0..1000 {
        total += (&filled).await?;
    }
    println!("a thousand awaits: {total}");
    yield_now().await?;
    println!("end");
    Ok(())
}
