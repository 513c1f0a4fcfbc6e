//! Limits of time: timers, timeouts, shields, clean-up, virtual time, and an end on Ctrl-C.
//!
//! Run it with `cargo run --example timeouts`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `timeouts.py`, prints.

mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use asyncio::{
    Error, Event, EventLoop, Queue, Result, ReturnWhen, Task, TimedOut, Timeout, create_task,
    gather, get_running_loop, shield, sleep, timeout, to_thread, wait, wait_for,
};
use support::{Part, seconds};

fn main() -> ExitCode {
    support::run(
        "Limits of time: timers, timeouts, shields, clean-up, virtual time, and an end on Ctrl-C.",
        &[
            Part {
                name: "timer",
                about: "a function after a while, and one that may wait",
                run: |event_loop| event_loop.run(timers()),
            },
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
                name: "queue",
                about: "a get that is given up loses nothing",
                run: |event_loop| event_loop.run(queue_under_a_limit()),
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
                name: "virtual",
                about: "a day of waiting, tested in no time",
                run: |_| virtual_day(),
            },
            Part {
                name: "ctrl_c",
                about: "tell everybody, wait with a limit, then go",
                run: |event_loop| event_loop.run(shop()),
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

/// A timer whose callback may wait.
struct Timer(Task<()>);

impl Timer {
    fn new(delay: Duration, callback: impl AsyncFnOnce() -> Result<()> + 'static) -> Self {
        Timer(create_task(async move {
            sleep(delay).await?;
            callback().await
        }))
    }

    fn cancel(&self) {
        self.0.cancel();
    }
}

async fn timers() -> Result<()> {
    get_running_loop()?.call_later(secs(1), || println!("a function after {}", now()));
    let bell = Timer::new(secs(2), ring);
    let silent = Timer::new(secs(3), ring);
    silent.cancel();
    bell.0.await
}

async fn ring() -> Result<()> {
    println!("the bell begins after {}", now());
    sleep(secs(1)).await?;
    println!("the bell ends after {}", now());
    Ok(())
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

async fn queue_under_a_limit() -> Result<()> {
    let orders = Queue::new();
    show(wait_for(orders.get(), secs(1)).await);
    orders.put_nowait("an order")?;
    show(Ok(orders.get().await?));
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

/// Runs on a loop of its own, so that the day is virtual with `--real`, too.
fn virtual_day() -> Result<()> {
    let started = Instant::now();
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.run(async {
        gather((1..=24).map(|hour| async move { Ok(sleep(secs(3600 * hour)).await?) })).await
    })?;
    println!("hours: {}", event_loop.time().as_secs() / 3600);
    let quick = started.elapsed() < secs(5);
    println!("in less than 5 s: {quick}");
    Ok(())
}

async fn shop() -> Result<()> {
    let closing = Event::new();
    let places = [("counter", 1), ("kitchen", 60)];
    let tasks = places.map(|(name, last)| create_task(place(name, last, closing.clone())));
    to_thread(wait_for_ctrl_c).await?;
    println!("Ctrl-C");
    let told = get_running_loop()?.time();
    closing.set();
    let waited = wait(&tasks, secs(5), ReturnWhen::AllCompleted).await?;
    println!(
        "{} closed, {} late",
        waited.done.len(),
        waited.pending.len()
    );
    println!("waited for {}", seconds(get_running_loop()?.time() - told));
    // The run that ends with this task cancels the kitchen.
    Ok(())
}

async fn place(name: &'static str, last: u64, closing: Event) -> Result<()> {
    closing.wait().await?;
    let outcome = sleep(secs(last)).await;
    match outcome {
        Ok(()) => println!("{name} closed"),
        Err(_) => println!("{name} left as it was"),
    }
    Ok(outcome?)
}

/// Blocks its thread until Ctrl-C, which it sends itself, because nobody is at the keyboard.
#[cfg(unix)]
fn wait_for_ctrl_c() -> Result<()> {
    use std::process::{Command, id};

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let send = async {
        Command::new("sh")
            .args(["-c", &format!("kill -INT {}", id())])
            .status()
    };
    // In this order the signal finds a listener.
    let (received, sent) =
        runtime.block_on(async { tokio::join!(biased; tokio::signal::ctrl_c(), send) });
    sent?;
    Ok(received?)
}

/// Stands for Ctrl-C where a program cannot send it to itself.
#[cfg(not(unix))]
fn wait_for_ctrl_c() -> Result<()> {
    Ok(())
}
