//! Task groups: tasks that end together, their errors, what `gather` leaves behind, and a bound on how many run.
//!
//! Run it with `cargo run --example task_groups`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `task_groups.py`, prints.

mod support;

use std::cell::Cell;
use std::num::ParseIntError;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{
    Error, ErrorGroup, GroupClosed, Result, Semaphore, create_task, gather, get_running_loop,
    sleep, task_group, timeout,
};
use support::{Part, seconds};

fn main() -> ExitCode {
    support::run(
        "Task groups: tasks that end together, their errors, and a bound on how many run.",
        &[
            Part {
                name: "success",
                about: "the block ends when the last task has ended",
                run: |event_loop| event_loop.run(all_is_well()),
            },
            Part {
                name: "failure",
                about: "the first failure ends the others",
                run: |event_loop| event_loop.run(one_fails()),
            },
            Part {
                name: "errors",
                about: "two tasks fail at once, one in its clean-up",
                run: |event_loop| event_loop.run(many_errors()),
            },
            Part {
                name: "body",
                about: "a failure of the body ends the tasks",
                run: |event_loop| event_loop.run(the_body_fails()),
            },
            Part {
                name: "limit",
                about: "a limit around the block ends the tasks",
                run: |event_loop| event_loop.run(around_a_group()),
            },
            Part {
                name: "alone",
                about: "one task cancelled is no failure",
                run: |event_loop| event_loop.run(one_is_cancelled()),
            },
            Part {
                name: "grow",
                about: "a task adds a task to its group",
                run: |event_loop| event_loop.run(growing()),
            },
            Part {
                name: "nested",
                about: "a group of errors in a group of errors",
                run: |event_loop| event_loop.run(nested()),
            },
            Part {
                name: "closed",
                about: "a group that ends takes no more tasks",
                run: |event_loop| event_loop.run(too_late()),
            },
            Part {
                name: "gather",
                about: "the siblings go on, and a failure is lost",
                run: |event_loop| event_loop.run(left_by_gather()),
            },
            Part {
                name: "leak",
                about: "a function fails before it awaits its task",
                run: |event_loop| event_loop.run(leak()),
            },
            Part {
                name: "bound",
                about: "six jobs of 2 seconds, two at a time",
                run: |event_loop| event_loop.run(a_few_at_a_time()),
            },
        ],
    )
}

/// Tells the time of the running loop.
fn now() -> String {
    seconds(get_running_loop().expect("inside a task").time())
}

async fn pause(secs: u64) -> Result<()> {
    Ok(sleep(Duration::from_secs(secs)).await?)
}

/// Brews one tea; if it is cancelled, it needs 1 second to clean the pot.
async fn tea(name: &'static str, brewing: u64) -> Result<&'static str> {
    let outcome = pause(brewing).await;
    if outcome.is_err() {
        pause(1).await?;
        println!("{name}: pot clean after {}", now());
    } else {
        println!("{name} tea is ready after {}", now());
    }
    outcome.map(|()| name)
}

/// Fails to brew one.
async fn spilled(name: &'static str, brewing: u64) -> Result<&'static str> {
    pause(brewing).await?;
    println!("{name} tea falls after {}", now());
    Err(Error::msg(format!("{name} tea was spilled")))
}

/// Prints how a block ended; the errors of groups within groups stand in brackets.
fn show(outcome: Result<()>) {
    fn text(error: &Error) -> String {
        let Some(group) = error.downcast_ref::<ErrorGroup>() else {
            return error.to_string();
        };
        let errors: Vec<String> = group.errors().iter().map(text).collect();
        format!("[{}]", errors.join(", "))
    }
    match outcome {
        Ok(()) => println!("all is well after {}", now()),
        Err(error) => println!("{} after {}", text(&error), now()),
    }
}

async fn all_is_well() -> Result<()> {
    let teas = task_group(async |group| {
        let green = group.create_task(tea("green", 1))?;
        let black = group.create_task(tea("black", 4))?;
        println!("the body ends after {}", now());
        Ok([green, black])
    })
    .await?;
    for tea in teas {
        println!("result: {}", tea.result()?);
    }
    Ok(())
}

async fn one_fails() -> Result<()> {
    let block = task_group(async |group| {
        group.create_task(tea("green", 1))?;
        group.create_task(spilled("herbal", 2))?;
        group.create_task(tea("black", 4))?;
        pause(9).await?;
        println!("never printed");
        Ok(())
    });
    show(block.await);
    Ok(())
}

async fn many_errors() -> Result<()> {
    async fn count(cups: &str) -> Result<u32> {
        Ok(cups.parse()?)
    }
    async fn broken() -> Result<()> {
        let _ = pause(9).await;
        Err(Error::msg("the pot broke"))
    }
    let block = task_group(async |group| {
        group.create_task(broken())?;
        group.create_task(count("two"))?;
        group.create_task(count("four"))?;
        Ok(())
    });
    let Err(error) = block.await else {
        return Ok(());
    };
    let Some(group) = error.downcast_ref::<ErrorGroup>() else {
        return Err(error);
    };
    let errors = group.errors();
    let numbers = errors
        .iter()
        .filter(|error| error.is::<ParseIntError>())
        .count();
    println!("not a number: {numbers}");
    for error in errors.iter().filter(|error| !error.is::<ParseIntError>()) {
        println!("accident: {error}");
    }
    Ok(())
}

async fn the_body_fails() -> Result<()> {
    let block = task_group(async |group| {
        group.create_task(tea("black", 4))?;
        pause(1).await?;
        Err(Error::msg("no guests"))
    });
    show(block.await);
    Ok(())
}

async fn around_a_group() -> Result<()> {
    let block = task_group(async |group| {
        group.create_task(tea("green", 1))?;
        group.create_task(tea("black", 4))?;
        Ok(())
    });
    show(timeout(Duration::from_secs(2), block).await);
    Ok(())
}

async fn one_is_cancelled() -> Result<()> {
    let block = task_group(async |group| {
        let green = group.create_task(tea("green", 3))?;
        group.create_task(tea("black", 4))?;
        pause(1).await?;
        green.cancel();
        Ok(())
    });
    show(block.await);
    Ok(())
}

async fn growing() -> Result<()> {
    let block = task_group(async |group| {
        let adds_more = group.clone();
        group.create_task(async move {
            tea("green", 1).await?;
            adds_more.create_task(tea("mint", 1))?;
            Ok(())
        })?;
        Ok(())
    });
    show(block.await);
    Ok(())
}

async fn nested() -> Result<()> {
    let outer = task_group(async |group| {
        group.create_task(tea("black", 4))?;
        group.create_task(task_group(async |inner| {
            inner.create_task(spilled("herbal", 1))?;
            inner.create_task(tea("white", 6))?;
            Ok(())
        }))?;
        Ok(())
    });
    show(outer.await);
    Ok(())
}

async fn too_late() -> Result<()> {
    fn refusal(refused: GroupClosed) -> &'static str {
        match refused {
            GroupClosed::ShuttingDown => "shutting down",
            GroupClosed::Finished => "finished",
        }
    }
    let keep = Rc::new(Cell::new(None));
    let kept = keep.clone();
    let block = task_group(async move |group| {
        kept.set(Some(group.clone()));
        group.create_task(spilled("herbal", 1))?;
        let outcome = pause(9).await;
        if let Err(refused) = group.create_task(tea("late", 1)) {
            println!("refused: {}", refusal(refused));
        }
        outcome
    });
    show(block.await);
    if let Some(Err(refused)) = keep.take().map(|group| group.create_task(tea("late", 1))) {
        println!("refused: {}", refusal(refused));
    }
    Ok(())
}

async fn left_by_gather() -> Result<()> {
    let teas = [
        create_task(spilled("herbal", 2)),
        create_task(spilled("mint", 3)),
        create_task(tea("black", 4)),
    ];
    show(gather(teas).await.map(drop));
    pause(9).await?;
    let block = task_group(async |group| {
        group.create_task(spilled("herbal", 2))?;
        group.create_task(spilled("mint", 3))?;
        group.create_task(tea("black", 4))?;
        Ok(())
    });
    show(block.await);
    pause(9).await
}

async fn leak() -> Result<()> {
    async fn serve() -> Result<()> {
        let black = create_task(tea("black", 4));
        spilled("herbal", 1).await?;
        black.await?;
        Ok(())
    }
    async fn serve_in_a_group() -> Result<()> {
        task_group(async |group| {
            group.create_task(tea("black", 4))?;
            spilled("herbal", 1).await?;
            Ok(())
        })
        .await
    }
    show(serve().await);
    pause(5).await?;
    show(serve_in_a_group().await);
    pause(5).await
}

async fn a_few_at_a_time() -> Result<()> {
    let permits = Semaphore::new(2);
    let running = Rc::new(Cell::new(0));
    let highest = Rc::new(Cell::new(0));
    let block = task_group(async |group| {
        for _ in 0..6 {
            let (permits, running, highest) = (permits.clone(), running.clone(), highest.clone());
            group.create_task(async move {
                let _permit = permits.acquire().await?;
                running.set(running.get() + 1);
                highest.set(highest.get().max(running.get()));
                pause(2).await?;
                running.set(running.get() - 1);
                Ok(())
            })?;
        }
        Ok(())
    });
    show(block.await);
    println!("highest overlap: {}", highest.get());
    Ok(())
}
