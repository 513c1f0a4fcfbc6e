//! Tasks: when they run, what they end with, how they are cancelled, named and shared.
//!
//! Run it with `cargo run --example task`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `task.py`, prints.

mod support;

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{
    Error, EventLoop, InvalidState, Result, Task, create_task, current_task, get_running_loop,
    sleep, yield_now,
};
use support::{Part, seconds};

fn main() -> ExitCode {
    support::run(
        "Tasks: when they run, what they end with, how they are cancelled, named and shared.",
        &[
            Part {
                name: "order",
                about: "a task is scheduled at once and starts on the next pass",
                run: |event_loop| event_loop.run(order()),
            },
            Part {
                name: "states",
                about: "pending, running, finished, failed, cancelled",
                run: |event_loop| event_loop.run(states()),
            },
            Part {
                name: "result",
                about: "asked too early, and asked afterwards",
                run: |event_loop| event_loop.run(results()),
            },
            Part {
                name: "two_seconds",
                about: "two tasks take 2 seconds, two futures 4",
                run: |event_loop| event_loop.run(two_seconds()),
            },
            Part {
                name: "failure",
                about: "it reaches the awaiter, and is reported if there is none",
                run: |event_loop| {
                    report_errors(event_loop);
                    event_loop.run(failures())
                },
            },
            Part {
                name: "cancel",
                about: "clean up, refuse, or never begin",
                run: |event_loop| event_loop.run(cancellations()),
            },
            Part {
                name: "yourself",
                about: "a task that cancels itself goes on to its next await",
                run: |event_loop| event_loop.run(cancel_yourself()),
            },
            Part {
                name: "names",
                about: "who is there, and who am I?",
                run: |event_loop| event_loop.run(names()),
            },
            Part {
                name: "dropped",
                about: "a task without a handle goes on",
                run: |event_loop| event_loop.run(dropped_handle()),
            },
            Part {
                name: "shared",
                about: "two tasks count in one variable, without a lock",
                run: |event_loop| event_loop.run(shared()),
            },
            Part {
                name: "tea_shops",
                about: "three tasks that stop their loop themselves",
                run: tea_shops,
            },
        ],
    )
}

/// Brews one tea.
async fn tea(name: &'static str, brewing: u64) -> Result<&'static str> {
    println!("{name} tea: begun");
    sleep(Duration::from_secs(brewing)).await?;
    println!("{name} tea: ready");
    Ok(name)
}

/// Fails to brew one.
async fn spilled(name: &'static str, brewing: u64) -> Result<&'static str> {
    sleep(Duration::from_secs(brewing)).await?;
    Err(Error::msg(format!("{name} tea was spilled")))
}

/// Tells the time of the running loop.
fn now() -> String {
    seconds(get_running_loop().expect("inside a task").time())
}

async fn order() -> Result<()> {
    let green = create_task(tea("green", 1));
    let black = create_task(tea("black", 1));
    println!("main: two tasks made");
    yield_now().await?;
    println!("main: one pass later");
    println!("main: got {} and {}", green.await?, black.await?);
    Ok(())
}

/// Names the state of a task as an onlooker sees it.
fn state<T: 'static>(task: &Task<T>) -> &'static str {
    if !task.is_done() {
        "pending"
    } else if task.is_cancelled() {
        "cancelled"
    } else if task.failed() {
        "failed"
    } else {
        "finished"
    }
}

async fn states() -> Result<()> {
    let green = create_task(async {
        let me = current_task().expect("inside a task");
        println!("running: {} is the current task", me.name());
        println!("running: done {}", me.is_done());
        Ok(sleep(Duration::from_secs(1)).await?)
    })
    .named("green");
    println!("made: {}", state(&green));
    yield_now().await?;
    println!("waiting: {}", state(&green));
    (&green).await?;
    println!("ended: {}", state(&green));

    let black = create_task(tea("black", 1));
    yield_now().await?;
    black.cancel();
    println!("asked to end: {}", state(&black));
    let _ = (&black).await;
    println!("ended: {}", state(&black));

    let herbal = create_task(spilled("herbal", 1));
    let _ = (&herbal).await;
    println!("ended: {}", state(&herbal));
    Ok(())
}

/// Describes what asking a task for its outcome gives.
fn outcome<T: std::fmt::Display>(result: Result<T>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(error) if error.is::<InvalidState>() => "too early".to_owned(),
        Err(error) if error.is_cancelled() => "cancelled".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

async fn results() -> Result<()> {
    let show = |when: &str, task: &Task<&'static str>| {
        println!("{when}: result {}", outcome(task.result()));
        let exception = task
            .exception()
            .map(|error| error.map_or("none".to_owned(), |error| error.to_string()));
        println!("{when}: exception {}", outcome(exception));
    };
    let green = create_task(tea("green", 1));
    show("before", &green);
    (&green).await?;
    show("after", &green);

    let herbal = create_task(spilled("herbal", 1));
    let _ = (&herbal).await;
    show("failed", &herbal);

    let black = create_task(tea("black", 1));
    black.cancel();
    let _ = (&black).await;
    show("cancelled", &black);
    Ok(())
}

async fn two_seconds() -> Result<()> {
    let event_loop = get_running_loop()?;
    let green = create_task(tea("green", 2));
    let black = create_task(tea("black", 2));
    green.await?;
    black.await?;
    let half_time = event_loop.time();
    println!("two tasks took {}", seconds(half_time));
    tea("mint", 2).await?;
    tea("white", 2).await?;
    println!(
        "two futures took {}",
        seconds(event_loop.time() - half_time)
    );
    Ok(())
}

/// Prints what the loop reports.
fn report_errors(event_loop: &EventLoop) {
    event_loop.set_exception_handler(|context| println!("the loop reports: {context}"));
}

async fn failures() -> Result<()> {
    let herbal = create_task(spilled("herbal", 1));
    match herbal.await {
        Ok(name) => println!("got {name}"),
        Err(error) => println!("the awaiter sees: {error}"),
    }

    let black = create_task(spilled("black", 1));
    sleep(Duration::from_secs(2)).await?;
    println!("black done: {}; nobody has looked", black.is_done());
    drop(black);

    let white = create_task(spilled("white", 1));
    sleep(Duration::from_secs(2)).await?;
    if let Some(error) = white.exception()? {
        println!("looked at: {error}");
    }
    drop(white);
    println!("main goes on");
    Ok(())
}

/// Brews a tea, and cleans the pot if it is cancelled.
async fn careful() -> Result<&'static str> {
    let brewed = tea("green", 4).await;
    if brewed.as_ref().is_err_and(Error::is_cancelled) {
        println!("cancelled after {}, cleaning the pot", now());
        sleep(Duration::from_secs(1)).await?;
        println!("clean after {}", now());
    }
    brewed
}

/// Serves the tea even when it is cancelled.
async fn stubborn() -> Result<&'static str> {
    Ok(match tea("black", 4).await {
        Err(error) if error.is_cancelled() => "weak black",
        other => other?,
    })
}

async fn cancellations() -> Result<()> {
    let green = create_task(careful());
    sleep(Duration::from_secs(1)).await?;
    println!("accepted: {}, done: {}", green.cancel(), green.is_done());
    println!("careful: {}", outcome((&green).await));
    println!("accepted again: {}", green.cancel());

    let black = create_task(stubborn());
    sleep(Duration::from_secs(1)).await?;
    black.cancel();
    println!("stubborn: {}", outcome((&black).await));
    println!("cancelled: {}", black.is_cancelled());

    let mint = create_task(tea("mint", 1));
    mint.cancel();
    println!("never begun: {}", outcome(mint.await));
    Ok(())
}

async fn cancel_yourself() -> Result<()> {
    let task = create_task(async {
        current_task().expect("inside a task").cancel();
        println!("still running");
        let slept = sleep(Duration::from_secs(4)).await;
        println!("slept: {}, after {}", slept.is_ok(), now());
        Ok("one await")
    });
    println!("ended: {}", outcome(task.await));
    let task = create_task(async {
        current_task().expect("inside a task").cancel();
        Ok("no await")
    });
    println!("ended: {}", outcome(task.await));
    Ok(())
}

async fn names() -> Result<()> {
    let me = current_task().expect("inside a task");
    me.set_name("shop");
    let event_loop = get_running_loop()?;
    let green = create_task(tea("green", 1)).named("green");
    let black = create_task(tea("black", 2)).named("black");
    let list = || {
        let mut names: Vec<_> = event_loop.all_tasks().iter().map(|t| t.name()).collect();
        names.sort();
        names.join(", ")
    };
    println!("current: {}", me.name());
    println!("all: {}", list());
    green.await?;
    println!("all: {}", list());
    event_loop.call_soon(|| println!("in a callback: {}", current_task().is_some()));
    black.await?;
    Ok(())
}

async fn dropped_handle() -> Result<()> {
    drop(create_task(tea("green", 2)));
    println!("handle dropped");
    Ok(sleep(Duration::from_secs(3)).await?)
}

async fn shared() -> Result<()> {
    let cups = Rc::new(Cell::new(0));
    let waiters = ["Ann", "Ben"].map(|name| {
        let cups = cups.clone();
        create_task(async move {
            for _ in 0..3 {
                cups.set(cups.get() + 1);
                println!("{name} serves cup {}", cups.get());
                yield_now().await?;
            }
            Ok(())
        })
    });
    for waiter in waiters {
        waiter.await?;
    }
    println!("{} cups", cups.get());
    Ok(())
}

/// When a shop stops the loop.
#[derive(Clone, Copy)]
enum Stops {
    AtTheEnd,
    InTheMiddle,
    AndFails,
}

async fn make_tea(event_loop: EventLoop, name: &'static str, stops: Stops) -> Result<String> {
    println!("making {name} tea");
    event_loop.stop();
    match stops {
        Stops::AtTheEnd => {}
        Stops::InTheMiddle => {
            yield_now().await?;
            println!("making {name} tea, second half");
            event_loop.stop();
        }
        Stops::AndFails => return Err(Error::msg("no water")),
    }
    Ok(format!("{name} tea"))
}

fn tea_shops(event_loop: &EventLoop) -> Result<()> {
    let shops = [
        ("green", Stops::AtTheEnd),
        ("black", Stops::InTheMiddle),
        ("herbal", Stops::AndFails),
    ];
    for (name, stops) in shops {
        let task = event_loop.create_task(make_tea(event_loop.clone(), name, stops));
        let show = |when| {
            let result = outcome(task.result());
            println!("{when}: done {}, result {result}", task.is_done());
        };
        show("before the loop ran");
        event_loop.run_forever()?;
        show("after the loop ran");
        if !task.is_done() {
            event_loop.run_forever()?;
            show("after it ran again");
        }
    }
    Ok(())
}
