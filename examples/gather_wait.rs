//! Groups of tasks: `gather`, `wait`, `as_completed`, `wait_for` and `shield`.
//!
//! Run it with `cargo run --example gather_wait`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `gather_wait.py`, prints.

mod support;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{
    Error, Result, ReturnWhen, Waited, as_completed, create_task, gather, gather_return_exceptions,
    get_running_loop, shield, sleep, wait, wait_for,
};
use support::{Part, seconds};

fn main() -> ExitCode {
    support::run(
        "Groups of tasks: gather, wait, as_completed, wait_for and shield.",
        &[
            Part {
                name: "gather",
                about: "results in the order of the arguments, after the longest wait",
                run: |event_loop| event_loop.run(three_teas()),
            },
            Part {
                name: "failure",
                about: "the first failure is reported at once, the siblings go on",
                run: |event_loop| event_loop.run(one_fails()),
            },
            Part {
                name: "exceptions",
                about: "failures as results",
                run: |event_loop| event_loop.run(failures_as_results()),
            },
            Part {
                name: "cancel",
                about: "one child cancelled, then the whole group",
                run: |event_loop| event_loop.run(cancellations()),
            },
            Part {
                name: "group",
                about: "a group is itself a promise",
                run: |event_loop| event_loop.run(group_as_promise()),
            },
            Part {
                name: "wait",
                about: "two sets, after a limit of 3 seconds",
                run: |event_loop| event_loop.run(wait_with_a_limit()),
            },
            Part {
                name: "first_completed",
                about: "one done, two pending",
                run: |event_loop| event_loop.run(first_completed()),
            },
            Part {
                name: "first_exception",
                about: "with a failure, and without one",
                run: |event_loop| event_loop.run(first_exception()),
            },
            Part {
                name: "as_completed",
                about: "in the order in which they end",
                run: |event_loop| event_loop.run(in_order_of_completion()),
            },
            Part {
                name: "limits",
                about: "wait_for cancels what shield protects",
                run: |event_loop| event_loop.run(limits()),
            },
            Part {
                name: "factorials",
                about: "three computations interleaved on one thread",
                run: |event_loop| event_loop.run(factorials()),
            },
        ],
    )
}

/// Brews one tea.
async fn tea(name: &'static str, brewing: u64) -> Result<&'static str> {
    sleep(Duration::from_secs(brewing)).await?;
    println!("{name} tea is ready");
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

async fn three_teas() -> Result<()> {
    let teas = gather([tea("green", 1), tea("black", 4), tea("herbal", 2)]).await?;
    println!("{} after {}", teas.join(", "), now());
    Ok(())
}

async fn one_fails() -> Result<()> {
    let black = create_task(tea("black", 4));
    let herbal = create_task(spilled("herbal", 2));
    match gather([&black, &herbal]).await {
        Ok(_) => println!("all is well"),
        Err(error) => println!("{error} after {}", now()),
    }
    println!("black done: {}", black.is_done());
    println!("{} after {}", black.await?, now());
    Ok(())
}

async fn failures_as_results() -> Result<()> {
    let black = create_task(tea("black", 4));
    let herbal = create_task(spilled("herbal", 2));
    for outcome in gather_return_exceptions([black, herbal]).await? {
        match outcome {
            Ok(name) => println!("result: {name}"),
            Err(error) => println!("failure: {error}"),
        }
    }
    Ok(())
}

async fn cancellations() -> Result<()> {
    let green = create_task(tea("green", 1));
    let black = create_task(tea("black", 4));
    black.cancel();
    let outcome = gather([&green, &black]).await;
    println!("one child cancelled: {}", kind(&outcome));
    green.await?;

    let children = [create_task(tea("mint", 1)), create_task(tea("white", 2))];
    let group = gather(&children);
    println!("cancel: {}", group.cancel());
    let outcome = group.await;
    println!("the group cancelled: {}", kind(&outcome));
    let cancelled = children.iter().filter(|child| child.is_cancelled()).count();
    println!("children cancelled: {cancelled}");
    Ok(())
}

/// Names an outcome.
fn kind<T>(outcome: &Result<T>) -> &'static str {
    match outcome {
        Ok(_) => "a result",
        Err(error) if error.is_cancelled() => "a cancellation",
        Err(_) => "a failure",
    }
}

async fn group_as_promise() -> Result<()> {
    let group = gather([tea("green", 1), tea("black", 4)]);
    println!("done before: {}", group.is_done());
    group.add_done_callback(|group| {
        println!("callback: {} teas", group.result()?.len());
        Ok::<_, Error>(())
    });
    (&group).await?;
    sleep(Duration::ZERO).await?;
    println!("done after: {}", group.is_done());
    Ok(())
}

/// Says how many are done and how many are not.
fn count<H>(waited: &Waited<H>) {
    let (done, pending) = (waited.done.len(), waited.pending.len());
    println!("done {done}, pending {pending}, after {}", now());
}

async fn wait_with_a_limit() -> Result<()> {
    let black = create_task(tea("black", 5));
    let green = create_task(tea("green", 1));
    let limit = Duration::from_secs(3);
    let waited = wait([&black, &green], limit, ReturnWhen::AllCompleted).await?;
    count(&waited);
    println!("black cancelled: {}", black.is_cancelled());
    println!("{} after {}", black.await?, now());
    Ok(())
}

async fn first_completed() -> Result<()> {
    let teas = [tea("black", 3), tea("herbal", 2), tea("green", 1)].map(create_task);
    let waited = wait(&teas, None, ReturnWhen::FirstCompleted).await?;
    count(&waited);
    for task in waited.pending {
        task.cancel();
    }
    Ok(())
}

async fn first_exception() -> Result<()> {
    let teas = [
        create_task(tea("green", 1)),
        create_task(spilled("herbal", 2)),
        create_task(tea("black", 3)),
    ];
    let waited = wait(&teas, None, ReturnWhen::FirstException).await?;
    count(&waited);
    if let Some(error) = teas[1].exception()? {
        println!("failure: {error}");
    }
    let teas = [tea("mint", 1), tea("white", 2)].map(create_task);
    let waited = wait(&teas, None, ReturnWhen::FirstException).await?;
    count(&waited);
    Ok(())
}

async fn in_order_of_completion() -> Result<()> {
    for next in as_completed([tea("black", 3), tea("green", 1), tea("herbal", 2)], None) {
        println!("took {} after {}", next.await?, now());
    }
    Ok(())
}

async fn limits() -> Result<()> {
    let limit = Duration::from_secs(2);
    let black = create_task(tea("black", 4));
    if let Err(error) = wait_for(&black, limit).await {
        println!("{error}; black cancelled: {}", black.is_cancelled());
    }
    let white = create_task(tea("white", 4));
    if let Err(error) = wait_for(shield(&white), limit).await {
        println!("{error}; white cancelled: {}", white.is_cancelled());
    }
    println!("{} after {}", white.await?, now());
    Ok(())
}

async fn factorials() -> Result<()> {
    let thread = std::thread::current().id();
    let numbers = gather([factorial("A", 2), factorial("B", 3), factorial("C", 4)]).await?;
    println!("{numbers:?}");
    println!("one thread: {}", std::thread::current().id() == thread);
    Ok(())
}

/// Multiplies one number a second.
async fn factorial(name: &'static str, number: u64) -> Result<u64> {
    let mut product = 1;
    for factor in 2..=number {
        println!("{name}: {product} x {factor}");
        sleep(Duration::from_secs(1)).await?;
        product *= factor;
    }
    println!("{name}: {number}! = {product}");
    Ok(product)
}
