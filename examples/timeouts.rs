//! Limits of time: what they do to the work, clean-up, shields, and trying again.
//!
//! Run it with `cargo run --example timeouts`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `timeouts.py`, prints.

mod support;

use std::cell::Cell;
use std::process::ExitCode;
use std::time::Duration;

use asyncio::{
    Error, Result, ReturnWhen, TimedOut, Timeout, create_task, get_running_loop, shield, sleep,
    timeout, wait, wait_for,
};
use futures::future::join_all;
use support::{Part, seconds};
use tokio::sync::Mutex;

fn main() -> ExitCode {
    support::run(
        "Limits of time: what they do to the work, clean-up, shields, and trying again.",
        &[
            Part {
                name: "wait_for",
                about: "the caller goes on when the clean-up is over",
                run: |event_loop| event_loop.run(one_wait()),
            },
            Part {
                name: "answers",
                about: "the work may refuse, or fail on its way out",
                run: |event_loop| event_loop.run(answers()),
            },
            Part {
                name: "block",
                about: "one limit for several waits",
                run: |event_loop| event_loop.run(one_block()),
            },
            Part {
                name: "nested",
                about: "each limit takes its own cancellation only",
                run: |event_loop| event_loop.run(nested()),
            },
            Part {
                name: "reschedule",
                about: "every guest keeps the shop open for 2 more seconds",
                run: |event_loop| event_loop.run(moving_limit()),
            },
            Part {
                name: "zero",
                about: "what is done is given, what is not never starts",
                run: |event_loop| event_loop.run(no_time_at_all()),
            },
            Part {
                name: "half_done",
                about: "a limit between two lines that belong together",
                run: |event_loop| event_loop.run(half_done()),
            },
            Part {
                name: "shield",
                about: "the limit hits the shield, the task goes on",
                run: |event_loop| event_loop.run(protected()),
            },
            Part {
                name: "clean_up",
                about: "cancelled twice, and cleaned up once",
                run: |event_loop| event_loop.run(careful()),
            },
            Part {
                name: "retry",
                about: "ten customers, pauses that double, and jitter",
                run: |event_loop| event_loop.run(retry()),
            },
        ],
    )
}

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Tells the time of the running loop.
fn now() -> String {
    seconds(get_running_loop().expect("inside a task").time())
}

/// Brews tea; if it is cancelled, it needs 3 seconds to clean the pot.
async fn tea(name: &'static str, brewing: u64) -> Result<&'static str> {
    let Err(cancelled) = sleep(secs(brewing)).await else {
        return Ok(name);
    };
    sleep(secs(3)).await?;
    println!("{name}: pot clean after {}", now());
    Err(cancelled.into())
}

/// Prints an outcome and the time.
fn show(outcome: Result<&str>) {
    match outcome {
        Ok(name) => println!("{name} after {}", now()),
        Err(error) => println!("{error} after {}", now()),
    }
}

async fn one_wait() -> Result<()> {
    show(wait_for(tea("green", 1), secs(2)).await);
    let black = create_task(tea("black", 8));
    show(wait_for(&black, secs(2)).await);
    println!("black cancelled: {}", black.is_cancelled());
    show(wait_for(tea("white", 8), None).await);
    Ok(())
}

async fn answers() -> Result<()> {
    async fn weak() -> Result<&'static str> {
        Ok(sleep(secs(8)).await.map_or("weak tea", |()| "strong tea"))
    }
    async fn broken() -> Result<&'static str> {
        sleep(secs(8))
            .await
            .map_err(|_| Error::msg("the pot broke"))?;
        Ok("strong tea")
    }
    show(wait_for(weak(), secs(2)).await);
    show(wait_for(broken(), secs(2)).await);
    Ok(())
}

async fn one_block() -> Result<()> {
    let limit = Timeout::after(secs(3));
    let outcome = limit.clone().run(async {
        show(tea("green", 1).await);
        sleep(secs(1)).await?;
        tea("black", 8).await
    });
    show(outcome.await);
    println!("expired: {}", limit.is_expired());
    Ok(())
}

async fn nested() -> Result<()> {
    for (outer, inner) in [(2, 1), (1, 2), (1, 1)] {
        let both = timeout(secs(outer), async move {
            let body = async { Ok(sleep(secs(9)).await?) };
            match timeout(secs(inner), body).await {
                Err(error) if error.is::<TimedOut>() => println!("{outer}, {inner}: the inner one"),
                other => return other,
            }
            Ok(())
        });
        if both.await.is_err() {
            println!("{outer}, {inner}: the outer one");
        }
    }
    Ok(())
}

async fn moving_limit() -> Result<()> {
    let event_loop = get_running_loop()?;
    let limit = Timeout::after(secs(2));
    let outcome = limit.clone().run(async {
        for pause in [1, 1, 5] {
            sleep(secs(pause)).await?;
            println!("a guest after {}", now());
            limit.reschedule(event_loop.time() + secs(2));
        }
        Ok("never closed")
    });
    show(outcome.await);
    Ok(())
}

async fn no_time_at_all() -> Result<()> {
    async fn talks() -> Result<&'static str> {
        println!("started");
        Ok("the work")
    }
    let done = create_task(talks());
    (&done).await?;
    show(wait_for(done, Duration::ZERO).await);
    show(wait_for(talks(), Duration::ZERO).await);
    show(timeout(Duration::ZERO, talks()).await);
    Ok(())
}

/// A cake in somebody's hands; it is put where it belongs, however they let go of it.
struct Cake<'a> {
    place: &'a Cell<u32>,
}

impl Drop for Cake<'_> {
    fn drop(&mut self) {
        self.place.set(self.place.get() + 1);
    }
}

async fn half_done() -> Result<()> {
    let (shelf, counter) = (Cell::new(2), Cell::new(0));
    for limit in [2, 4] {
        let carried = timeout(secs(limit), async {
            shelf.set(shelf.get() - 1);
            let mut cake = Cake { place: &shelf };
            sleep(secs(3)).await?;
            cake.place = &counter;
            Ok(())
        });
        let in_time = carried.await.is_ok();
        println!(
            "in time: {in_time}, shelf {}, counter {}",
            shelf.get(),
            counter.get()
        );
    }
    Ok(())
}

async fn protected() -> Result<()> {
    let payment = create_task(async {
        sleep(secs(3)).await?;
        Ok("paid")
    });
    show(wait_for(shield(&payment), secs(1)).await);
    println!("payment done: {}", payment.is_done());
    show(payment.await);
    Ok(())
}

async fn careful() -> Result<()> {
    let work = create_task(async {
        let outcome = sleep(secs(9)).await;
        let cleaning = create_task(async { Ok(sleep(secs(3)).await?) });
        while !cleaning.is_done() {
            // Each cancellation ends a shield; the task behind it goes on.
            if shield(&cleaning).await.is_err() {
                println!("asked again after {}", now());
            }
        }
        println!("clean after {}", now());
        Ok(outcome?)
    });
    for _ in 0..2 {
        sleep(secs(1)).await?;
        work.cancel();
    }
    wait([&work], None, ReturnWhen::AllCompleted).await?;
    println!("cancelled: {}", work.is_cancelled());
    Ok(())
}

/// A small generator of random numbers, one for all customers: every run throws the same.
struct Dice(Cell<u64>);

impl Dice {
    /// Throws a number from 0 to below 1.
    fn throw(&self) -> f64 {
        let next = (self.0.get() * 1_103_515_245 + 12_345) % (1 << 31);
        self.0.set(next);
        next as f64 / f64::from(1_u32 << 31)
    }
}

/// Calls until the line is free, after pauses that double.
async fn order(supplier: &Mutex<()>, dice: Option<&Dice>, calls: &Cell<u32>) -> Result<()> {
    let mut pause = 1.0;
    loop {
        calls.set(calls.get() + 1);
        if let Ok(_line) = supplier.try_lock() {
            return Ok(sleep(Duration::from_millis(500)).await?);
        }
        let part = match dice {
            Some(dice) => 2.0 * dice.throw(),
            None => 1.0,
        };
        sleep(Duration::from_secs_f64(part * pause)).await?;
        pause = (2.0 * pause).min(30.0);
    }
}

async fn retry() -> Result<()> {
    for jitter in [false, true] {
        let (supplier, calls) = (Mutex::new(()), Cell::new(0));
        let dice = Dice(Cell::new(1));
        let start = get_running_loop()?.time();
        let orders = (0..10).map(|_| order(&supplier, jitter.then_some(&dice), &calls));
        for outcome in join_all(orders).await {
            outcome?;
        }
        let took = (get_running_loop()?.time() - start).as_secs_f64();
        println!("jitter {jitter}: {} calls, {took:.1} s", calls.get());
    }
    Ok(())
}
