//! Done-callbacks: what is called when a task ends, in which order, and what becomes of errors.
//!
//! Run it with `cargo run --example callbacks`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `callbacks.py`, prints.

mod support;

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{
    Awaitable, Error, EventLoop, Promise, Result, create_task, gather, get_running_loop, sleep,
    wait_for, yield_now,
};
use support::{Part, seconds};

fn main() -> ExitCode {
    support::run(
        "Done-callbacks: what is called when a task ends, in which order, and with which errors.",
        &[
            Part {
                name: "made",
                about: "the callback gets the task that is done",
                run: |event_loop| event_loop.run(made()),
            },
            Part {
                name: "scheduled",
                about: "never called at once, not even if all is done already",
                run: |event_loop| event_loop.run(scheduled()),
            },
            Part {
                name: "honey",
                about: "the arguments first, the task last",
                run: |event_loop| event_loop.run(honey()),
            },
            Part {
                name: "several",
                about: "in the order in which they were added, without the one taken back",
                run: |event_loop| event_loop.run(several()),
            },
            Part {
                name: "too_late",
                about: "the first callback cannot take back the second",
                run: |event_loop| event_loop.run(too_late()),
            },
            Part {
                name: "uncertain",
                about: "a callback meets a success, a failure and a cancellation",
                run: |event_loop| event_loop.run(uncertain()),
            },
            Part {
                name: "fails",
                about: "a callback that fails itself",
                run: |event_loop| event_loop.run(failing_callback()),
            },
            Part {
                name: "group",
                about: "two teas are mixed when both are ready",
                run: |event_loop| event_loop.run(group()),
            },
            Part {
                name: "stop",
                about: "a callback ends a loop that runs for ever",
                run: stop_the_loop,
            },
            Part {
                name: "styles",
                about: "an error in the middle, with callbacks and with await",
                run: |event_loop| event_loop.run(styles()),
            },
        ],
    )
}

/// Brews one tea.
async fn tea(name: &'static str, brewing: u64) -> Result<&'static str> {
    sleep(Duration::from_secs(brewing)).await?;
    println!("{name} tea: ready");
    Ok(name)
}

/// Fails to brew one.
async fn spilled(name: &'static str, brewing: u64) -> Result<&'static str> {
    sleep(Duration::from_secs(brewing)).await?;
    Err(Error::msg(format!("{name} tea was spilled")))
}

/// Prints what the loop reports.
fn report_errors() -> Result<()> {
    get_running_loop()?.set_exception_handler(|context| {
        if let Some(error) = &context.error {
            println!("the loop reports: {error}");
        }
    });
    Ok(())
}

async fn made() -> Result<()> {
    let green = create_task(tea("green", 1));
    green.add_done_callback(|green| {
        println!("The {} tea is made.", green.result()?);
        Ok::<_, Error>(())
    });
    println!("main: awaits");
    green.await?;
    println!("main: goes on");
    Ok(())
}

async fn scheduled() -> Result<()> {
    let kettle: Promise<u32> = get_running_loop()?.create_promise();
    kettle.add_done_callback(|_| println!("callback: the kettle whistles"));
    kettle.set_result(100)?;
    println!("main: filled, done {}", kettle.is_done());
    yield_now().await?;
    kettle.add_done_callback(|_| println!("callback: it has whistled"));
    println!("main: added to what is done");
    yield_now().await?;
    println!("main: one pass later");
    Ok(())
}

/// Sweetens a tea that is done.
fn add_honey(spoons: u32, tea: &Promise<&'static str>) -> Result<()> {
    println!(
        "added {spoons} spoons of honey to the {} tea",
        tea.result()?
    );
    Ok(())
}

async fn honey() -> Result<()> {
    let herbal = create_task(tea("herbal", 1));
    herbal.add_done_callback(|tea| add_honey(2, tea));
    herbal.await?;
    Ok(())
}

async fn several() -> Result<()> {
    let green = create_task(tea("green", 1));
    green.add_done_callback(|_| println!("callback 1"));
    let second = green.add_done_callback(|_| println!("callback 2"));
    green.add_done_callback(|_| println!("callback 3"));
    println!("taken back: {}", green.remove_done_callback(second));
    println!("taken back: {}", green.remove_done_callback(second));
    green.await?;
    Ok(())
}

async fn too_late() -> Result<()> {
    let kettle: Promise<u32> = get_running_loop()?.create_promise();
    let second = Rc::new(Cell::new(None));
    let known = second.clone();
    kettle.add_done_callback(move |kettle| {
        let taken = known
            .get()
            .is_some_and(|id| kettle.remove_done_callback(id));
        println!("callback 1, takes back: {taken}");
    });
    second.set(Some(
        kettle.add_done_callback(|_| println!("callback 2 runs all the same")),
    ));
    kettle.set_result(100)?;
    Ok(yield_now().await?)
}

/// Says how a task ended.
fn say_how(name: &str, tea: &Promise<&'static str>) {
    match tea.result() {
        Ok(value) => println!("{name}: the {value} tea is made"),
        Err(error) if error.is_cancelled() => println!("{name}: nobody wants it any more"),
        Err(error) => println!("{name}: {error}"),
    }
}

async fn uncertain() -> Result<()> {
    let teas = [
        ("first", create_task(tea("green", 1))),
        ("second", create_task(spilled("herbal", 2))),
        ("third", create_task(tea("black", 4))),
    ];
    for (name, task) in &teas {
        let name = *name;
        task.add_done_callback(move |tea| say_how(name, tea));
    }
    sleep(Duration::from_secs(3)).await?;
    teas[2].1.cancel();
    Ok(sleep(Duration::from_secs(1)).await?)
}

async fn failing_callback() -> Result<()> {
    report_errors()?;
    let green = create_task(tea("green", 1));
    green.add_done_callback(|_| Err::<(), _>(Error::msg("no cup to pour it into")));
    green.add_done_callback(|_| println!("the next callback runs"));
    green.await?;
    println!("main: goes on");
    Ok(())
}

async fn group() -> Result<()> {
    let both = gather([tea("green", 2), tea("mint", 1)]);
    both.add_done_callback(|both| {
        println!("mixed: {}", both.result()?.join(" and "));
        Ok::<_, Error>(())
    });
    both.await?;
    Ok(())
}

fn stop_the_loop(event_loop: &EventLoop) -> Result<()> {
    let green = event_loop.create_task(tea("green", 1));
    let black = event_loop.create_task(tea("black", 2));
    let this = event_loop.clone();
    green.add_done_callback(move |_| {
        println!("callback: stop");
        this.stop();
    });
    event_loop.run_forever()?;
    println!(
        "green done {}, black done {}",
        green.is_done(),
        black.is_done()
    );
    println!("stopped after {}", seconds(event_loop.time()));
    event_loop.run_until_complete(&black)?;
    Ok(())
}

async fn fetch_water() -> Result<u32> {
    sleep(Duration::from_secs(1)).await?;
    println!("water is here");
    Ok(15)
}

async fn boil(degrees: u32) -> Result<u32> {
    sleep(Duration::from_secs(1)).await?;
    Err(Error::msg(format!("no power, still at {degrees} degrees")))
}

/// Fetches and boils, and fills the promise that it returned long before.
fn hot_water_by_callbacks() -> Promise<u32> {
    let event_loop = get_running_loop().expect("inside a task");
    let hot = event_loop.create_promise();
    let filled = hot.clone();
    let fetched = event_loop.create_task(fetch_water());
    fetched.add_done_callback(move |fetched| {
        let boiled = create_task(boil(fetched.result()?));
        boiled.add_done_callback(move |boiled| {
            filled.set_result(boiled.result()?)?;
            Ok::<_, Error>(())
        });
        Ok::<_, Error>(())
    });
    hot
}

/// Does the same, and hands on every error.
fn hot_water_by_careful_callbacks() -> Promise<u32> {
    let event_loop = get_running_loop().expect("inside a task");
    let hot = event_loop.create_promise();
    let filled = hot.clone();
    let fetched = event_loop.create_task(fetch_water());
    fetched.add_done_callback(move |fetched| match fetched.result() {
        Err(error) => filled.set_exception(error),
        Ok(degrees) => {
            let boiled = create_task(boil(degrees));
            boiled.add_done_callback(move |boiled| match boiled.result() {
                Err(error) => filled.set_exception(error),
                Ok(degrees) => filled.set_result(degrees),
            });
            Ok(())
        }
    });
    hot
}

/// Fetches and boils, and returns when that is done.
async fn hot_water_by_await() -> Result<u32> {
    let water = fetch_water().await?;
    boil(water).await
}

async fn styles() -> Result<()> {
    report_errors()?;
    show("callbacks", hot_water_by_callbacks()).await?;
    show("careful callbacks", hot_water_by_careful_callbacks()).await?;
    show("await", hot_water_by_await()).await
}

/// Waits for hot water, ten seconds at most, and says what came of it.
async fn show(style: &str, hot: impl Awaitable<Value = u32>) -> Result<()> {
    let event_loop = get_running_loop()?;
    let start = event_loop.time();
    let outcome = match wait_for(hot, Duration::from_secs(10)).await {
        Ok(degrees) => format!("{degrees} degrees"),
        Err(error) => error.to_string(),
    };
    let took = seconds(event_loop.time() - start);
    println!("{style}: {outcome} after {took}");
    Ok(())
}
