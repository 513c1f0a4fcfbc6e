//! Measures the memory of suspended coroutines, with stacks and without.

use std::time::Duration;
use std::{env, fs};

use asyncio::{Result, create_task, get_running_loop, yield_now};
use corosensei::{Coroutine, Yielder};
use tokio::runtime::Builder;

pub const NUMBER: usize = 10_000;

/// Resident bytes of one suspended coroutine of a kind.
pub struct Memory {
    pub stack: u64,
    pub task: u64,
    pub tokio_task: u64,
}

/// Gives the bytes of this process that are in memory; `None` if this system has no `/proc`.
fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn each(before: Option<u64>) -> Option<u64> {
    Some(resident()?.saturating_sub(before?) / NUMBER as u64)
}

/// Measures all three; what was measured first stays in memory, so that nothing is used twice.
pub fn measure() -> Result<Option<Memory>> {
    let before = resident();
    let coroutines: Vec<_> = (0..NUMBER).map(|_| suspended()).collect();
    let stack = each(before);
    let memory = asyncio::run(async move {
        let never = get_running_loop()?.create_promise::<()>();
        let before = resident();
        for _ in 0..NUMBER {
            let never = never.clone();
            create_task(async move { never.await });
        }
        yield_now().await?;
        let task = each(before);
        let tokio_task = tokio_tasks();
        never.cancel();
        Ok((stack, task, tokio_task))
    })?;
    drop(coroutines);
    let (Some(stack), Some(task), Some(tokio_task)) = memory else {
        return Ok(None);
    };
    Ok(Some(Memory {
        stack,
        task,
        tokio_task,
    }))
}

fn suspended() -> Coroutine<(), (), ()> {
    let wait = |yielder: &Yielder<(), ()>, ()| yielder.suspend(());
    let mut coroutine = Coroutine::new(wait);
    coroutine.resume(());
    coroutine
}

/// Measures Tokio's tasks on a thread of their own, because a loop already runs on this one.
fn tokio_tasks() -> Option<u64> {
    let measure = || {
        let runtime = Builder::new_current_thread().enable_time().build().ok()?;
        runtime.block_on(async {
            let never = Duration::from_secs(3_600);
            let before = resident();
            for _ in 0..NUMBER {
                tokio::spawn(tokio::time::sleep(never));
            }
            tokio::task::yield_now().await;
            each(before)
        })
    };
    let thread = std::thread::spawn(measure);
    thread.join().expect("the measurement does not panic")
}

/// Tells whether the command line asks for the figures, and not only for the comparison.
pub fn are_named() -> bool {
    env::args().any(|argument| argument == "memory")
}

pub fn print(memory: &Memory) {
    let row = |name: &str, bytes: u64| println!("{name:<42}{bytes:>7} bytes");
    row("coroutine with a stack, corosensei", memory.stack);
    row("task, the loop of this book", memory.task);
    row("task, Tokio", memory.tokio_task);
}
