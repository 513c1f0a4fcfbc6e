//! Coroutines: what a call does, who runs the body, and what travels back.
//!
//! Run it with `cargo run --example coroutine`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `coroutine.py`, prints.

mod support;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
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
