//! Promises and futures: slots that somebody fills, and computations that somebody polls.
//!
//! Run it with `cargo run --example future`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `future.py`, prints.

mod support;

use std::cell::Cell;
use std::pin::Pin;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use asyncio::{
    Error, ErrorContext, Promise, Result, create_task, gather, get_running_loop, sleep, wait_for,
    yield_now,
};
use num_bigint::BigUint;
use support::{Part, seconds};

const SECOND: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    support::run(
        "Promises and futures: slots that somebody fills, and computations that somebody polls.",
        &[
            Part {
                name: "delay",
                about: "a slot, filled after two seconds",
                run: |event_loop| event_loop.run(delay()),
            },
            Part {
                name: "order",
                about: "filling wakes, and does not switch",
                run: |event_loop| event_loop.run(order()),
            },
            Part {
                name: "awaiters",
                about: "one slot, two tasks that await it",
                run: |event_loop| event_loop.run(awaiters()),
            },
            Part {
                name: "never",
                about: "a slot that nobody fills, with a limit of 3 seconds",
                run: |event_loop| event_loop.run(never()),
            },
            Part {
                name: "ends",
                about: "a result, an exception, a cancellation, each only once",
                run: |event_loop| event_loop.run(ends()),
            },
            Part {
                name: "unseen",
                about: "a failure that nobody looks at is reported",
                run: |event_loop| event_loop.run(unseen()),
            },
            Part {
                name: "task",
                about: "a task is a promise that drives a future",
                run: |event_loop| event_loop.run(task()),
            },
            Part {
                name: "factorial",
                about: "a task fills a slot with 50!",
                run: |event_loop| event_loop.run(fifty()),
            },
            Part {
                name: "by_hand",
                about: "a slot without the library",
                run: |event_loop| event_loop.run(by_hand()),
            },
            Part {
                name: "lost",
                about: "the same slot, and nobody is woken",
                run: |event_loop| event_loop.run(lost()),
            },
            Part {
                name: "thread",
                about: "a result from another thread",
                run: |event_loop| event_loop.run(from_thread()),
            },
        ],
    )
}

/// Tells the time of the running loop.
fn now() -> String {
    seconds(get_running_loop().expect("inside a task").time())
}

fn create_promise<T: 'static>() -> Promise<T> {
    let event_loop = get_running_loop().expect("inside a task");
    event_loop.create_promise()
}

async fn delay() -> Result<()> {
    let number = create_promise();
    let filled = number.clone();
    get_running_loop()?.call_later(2 * SECOND, move || filled.set_result("666"));
    println!("waiting");
    println!("got {} after {}", number.await?, now());
    Ok(())
}

async fn order() -> Result<()> {
    let number = create_promise();
    let awaited = number.clone();
    let waiter = create_task(async move {
        println!("waiter: waits");
        println!("waiter: got {}", awaited.await?);
        Ok(())
    });
    let filler = create_task(async move {
        println!("filler: fills");
        number.set_result(666)?;
        println!("filler: goes on");
        yield_now().await?;
        println!("filler: after one turn of the others");
        Ok(())
    });
    gather([waiter, filler]).await?;
    Ok(())
}

async fn awaiters() -> Result<()> {
    async fn ask(name: &str, number: Promise<u32>) -> Result<()> {
        println!("{name} got {}", (&number).await?);
        println!("{name} got {} again", number.await?);
        Ok(())
    }
    let number = create_promise();
    let both = gather([ask("A", number.clone()), ask("B", number.clone())]);
    sleep(SECOND).await?;
    number.set_result(9)?;
    both.await?;
    Ok(())
}

async fn never() -> Result<()> {
    let number: Promise<u32> = create_promise();
    match wait_for(&number, 3 * SECOND).await {
        Ok(number) => println!("got {number}"),
        Err(error) => println!("{error} after {}", now()),
    }
    println!("cancelled: {}", number.is_cancelled());
    Ok(())
}

/// Names the outcome of a request.
fn answer<T, E>(outcome: Result<T, E>) -> &'static str {
    match outcome {
        Ok(_) => "accepted",
        Err(_) => "refused",
    }
}

async fn ends() -> Result<()> {
    let number = create_promise();
    println!("asked too early: {}", answer(number.result()));
    println!("set: {}", answer(number.set_result(666)));
    println!("set twice: {}", answer(number.set_result(777)));
    let too_late = number.set_exception(Error::msg("spilled"));
    println!("failed after that: {}", answer(too_late));
    println!("cancelled after that: {}", number.cancel());
    println!("result: {}", number.result()?);

    let tea: Promise<u32> = create_promise();
    let failed = tea.set_exception(Error::msg("spilled"));
    println!("failed: {}", answer(failed));
    if let Err(error) = tea.await {
        println!("awaiter sees: {error}");
    }

    let tea: Promise<u32> = create_promise();
    println!("cancelled: {}", tea.cancel());
    println!("cancelled twice: {}", tea.cancel());
    println!("set after that: {}", answer(tea.set_result(1)));
    if let Err(error) = tea.await {
        println!("awaiter sees a cancellation: {}", error.is_cancelled());
    }
    Ok(())
}

async fn unseen() -> Result<()> {
    let event_loop = get_running_loop()?;
    event_loop.set_exception_handler(|context: &ErrorContext| {
        if let Some(error) = &context.error {
            println!("reported: {error}");
        }
    });
    for look in [true, false] {
        let tea: Promise<u32> = create_promise();
        tea.set_exception(Error::msg(format!("spilled, looked at: {look}")))?;
        if look {
            tea.exception()?;
        }
    }
    Ok(())
}

async fn task() -> Result<()> {
    let number: Promise<u32> = create_promise();
    let awaited = number.clone();
    let task = create_task(async move { Ok(awaited.await? + 1) });
    let promise: Promise<u32> = task.promise();
    println!("a task is a promise: {}", *task == promise);
    println!("done: {}", promise.is_done());
    println!("filled from outside: {}", answer(task.set_result(1)));
    number.set_result(665)?;
    println!("got {}", promise.await?);
    println!("done: {}", task.is_done());
    Ok(())
}

async fn factorial(number: u32, promise: Promise<BigUint>) -> Result<()> {
    let mut product = BigUint::from(1u32);
    for factor in 2..=number {
        product *= factor;
        yield_now().await?;
    }
    Ok(promise.set_result(product)?)
}

async fn fifty() -> Result<()> {
    let promise = create_promise();
    let filler = create_task(factorial(50, promise.clone()));
    println!("50! = {}", promise.await?);
    filler.await
}

/// What a promise is at heart: a place for the value, and whom to wake.
#[derive(Default)]
struct Slot {
    number: Cell<Option<u32>>,
    waker: Cell<Option<Waker>>,
}

impl Slot {
    fn fill(&self, number: u32) {
        println!("filled");
        self.number.set(Some(number));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Leaves the waker alone, which is the mistake.
    fn fill_in_silence(&self, number: u32) {
        println!("filled");
        self.number.set(Some(number));
    }
}

/// Waits for the number in a slot.
struct Number(Rc<Slot>);

impl Future for Number {
    type Output = Result<u32>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<u32>> {
        println!("polled");
        self.0.waker.set(Some(cx.waker().clone()));
        match self.0.number.get() {
            Some(number) => Poll::Ready(Ok(number)),
            None => Poll::Pending,
        }
    }
}

async fn by_hand() -> Result<()> {
    let slot = Rc::new(Slot::default());
    let filled = slot.clone();
    get_running_loop()?.call_later(SECOND, move || filled.fill(666));
    println!("got {} after {}", Number(slot).await?, now());
    Ok(())
}

async fn lost() -> Result<()> {
    let slot = Rc::new(Slot::default());
    let filled = slot.clone();
    get_running_loop()?.call_later(SECOND, move || filled.fill_in_silence(666));
    let task = create_task(Number(slot.clone()));
    match wait_for(task, 3 * SECOND).await {
        Ok(number) => println!("got {number}"),
        Err(error) => println!("{error} after {}", now()),
    }
    println!("in the slot: {}", slot.number.get().unwrap_or_default());
    Ok(())
}

async fn from_thread() -> Result<()> {
    let (go, wait) = mpsc::channel();
    let job = get_running_loop()?.run_in_executor(move || {
        wait.recv()?;
        Ok(thread::current().id())
    });
    println!("the loop goes on");
    go.send(())?;
    let elsewhere = job.await? != thread::current().id();
    println!("on another thread: {elsewhere}");

    let job = get_running_loop()?.run_in_executor(|| Ok("x".parse::<u32>()?));
    println!("a job that fails: {}", answer(job.await));
    Ok(())
}
