//! State machines: what the compiler makes of an `async fn`, built by hand and driven without a loop.
//!
//! Run it with `cargo run --example state_machine`; add `-- --help` for its parts.
//! It prints what its Python twin, `state_machine.py`, prints.

mod support;

use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};

use asyncio::Result;
use support::Part;

fn main() -> ExitCode {
    support::run(
        "State machines: what the compiler makes of an async fn, built by hand.",
        &[
            Part {
                name: "leaf",
                about: "a future that is asked until it is ready",
                run: |_| leaf(),
            },
            Part {
                name: "async_fn",
                about: "one poll goes as far as it can",
                run: |_| async_fn(),
            },
            Part {
                name: "by_hand",
                about: "the same coroutine as a state machine of our own",
                run: |_| by_hand(),
            },
            Part {
                name: "on_the_loop",
                about: "a loop awaits both, and cannot tell them apart",
                run: |event_loop| event_loop.run(on_the_loop()),
            },
            Part {
                name: "dropped",
                about: "what is dropped in the middle does not go on",
                run: |_| dropped(),
            },
            Part {
                name: "folders",
                about: "a coroutine that calls itself",
                run: |_| folders(),
            },
            Part {
                name: "different",
                about: "futures of different types in one list",
                run: |_| different(),
            },
        ],
    )
}

/// A kettle that is not hot yet for some polls.
struct Boil {
    what: &'static str,
    left: u32,
}

fn boil(what: &'static str, left: u32) -> Boil {
    Boil { what, left }
}

impl Future for Boil {
    type Output = &'static str;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'static str> {
        if self.left == 0 {
            println!("  {} boils", self.what);
            return Poll::Ready(self.what);
        }
        println!("  {} is not hot yet", self.what);
        self.left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Polls a future until it is ready.
///
/// Simplification: it asks without being asked to, so its waker does nothing; an executor for work would sleep until it is called.
fn drive<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        println!("poll");
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
    }
}

fn leaf() -> Result<()> {
    println!("{}", drive(boil("water", 2)));
    Ok(())
}

async fn brew(patience: u32) -> String {
    let water = boil("water", patience).await;
    let milk = boil("milk", 1).await;
    format!("{water} and {milk}")
}

fn async_fn() -> Result<()> {
    println!("{}", drive(brew(2)));
    Ok(())
}

/// What the compiler makes of `brew`, written by hand.
enum Brew {
    Start(u32),
    Water(Boil),
    Milk(&'static str, Boil),
    Done,
}

impl Future for Brew {
    type Output = String;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<String> {
        loop {
            match &mut *self {
                Brew::Start(patience) => *self = Brew::Water(boil("water", *patience)),
                Brew::Water(boiling) => match Pin::new(boiling).poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(water) => *self = Brew::Milk(water, boil("milk", 1)),
                },
                Brew::Milk(water, boiling) => match Pin::new(boiling).poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(milk) => {
                        let both = format!("{water} and {milk}");
                        *self = Brew::Done;
                        return Poll::Ready(both);
                    }
                },
                Brew::Done => panic!("polled after the end"),
            }
        }
    }
}

fn by_hand() -> Result<()> {
    println!("{}", drive(Brew::Start(2)));
    Ok(())
}

async fn on_the_loop() -> Result<()> {
    println!("{}", brew(2).await);
    println!("{}", Brew::Start(2).await);
    Ok(())
}

/// Is turned off whatever happens.
struct Stove;

impl Drop for Stove {
    fn drop(&mut self) {
        println!("the stove is off");
    }
}

async fn brew_on_the_stove() {
    println!("the stove is on");
    let _stove = Stove;
    println!("{}", brew(2).await);
}

fn dropped() -> Result<()> {
    let mut brewing = Box::pin(brew_on_the_stove());
    let answer = brewing
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    println!("done: {}", answer.is_ready());
    drop(brewing);
    println!("the end");
    Ok(())
}

struct Folder {
    files: u32,
    inside: Vec<Folder>,
}

fn folder(files: u32, inside: Vec<Folder>) -> Folder {
    Folder { files, inside }
}

/// Without the box the future would contain its like, and have no size.
async fn count(folder: &Folder) -> u32 {
    let mut files = folder.files;
    for inner in &folder.inside {
        files += Box::pin(count(inner)).await;
    }
    files
}

fn folders() -> Result<()> {
    let inner = folder(0, vec![folder(4, Vec::new())]);
    let tree = folder(2, vec![folder(3, Vec::new()), inner]);
    println!("{} files", drive(count(&tree)));
    Ok(())
}

async fn ready() -> String {
    "ready at once".to_owned()
}

fn different() -> Result<()> {
    let futures: Vec<Pin<Box<dyn Future<Output = String>>>> =
        vec![Box::pin(ready()), Box::pin(Brew::Start(2))];
    for future in futures {
        println!("{}", drive(future));
    }
    Ok(())
}
