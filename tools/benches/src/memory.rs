//! What an idle task costs in memory.
//!
//! A counting allocator would need unsafe code. The resident size of the process says the same over enough tasks, and says it of
//! Python as well. Each measurement has a process of its own, so that no memory is used again.

use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result};
use asyncio::{EventLoop, Promise, create_task, get_running_loop, yield_now};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::engine::Engine;
use crate::options::Options;
use crate::smol_side;

pub const NAME: &str = "memory per idle task (bytes)";

/// Says what the row measures, and how much of ours is the future, which the program chose and not the library.
pub fn meaning() -> String {
    let nothing = EventLoop::new().create_promise::<()>();
    let future = size_of_val(&idle(nothing));
    format!(
        "resident memory of one of 1,000,000 tasks (Python: 100,000) that all wait for one promise, its future and its handle \
         included; in ours the future takes {future} of these bytes. Tokio: one `Notify`. smol: one channel."
    )
}

const TASKS: usize = 1_000_000;
const PYTHON_TASKS: usize = 100_000;

/// Gives the bytes of this process that are in memory; `None` where there is no /proc.
fn resident() -> Option<u64> {
    // The second field counts pages, and Linux does not say their size here; 4 KiB is every common machine's.
    let line = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// What every task of ours does.
async fn idle(nothing: Promise<()>) -> asyncio::Result<()> {
    nothing.await
}

fn ours(tasks: usize) -> Option<u64> {
    EventLoop::new()
        .run(async move {
            let nothing = get_running_loop()?.create_promise::<()>();
            let before = resident();
            for _ in 0..tasks {
                create_task(idle(nothing.clone()));
            }
            yield_now().await?;
            let after = resident();
            nothing.cancel();
            Ok(before.zip(after).map(|(before, after)| after - before))
        })
        .expect("nothing in a measurement fails")
}

fn tokio(runtime: Runtime, tasks: usize) -> Option<u64> {
    let body = async move {
        let nothing = Arc::new(Notify::new());
        let all_wait = Arc::new(tokio::sync::Semaphore::new(0));
        let before = resident();
        for _ in 0..tasks {
            let (nothing, all_wait) = (nothing.clone(), all_wait.clone());
            tokio::spawn(async move {
                all_wait.add_permits(1);
                nothing.notified().await;
            });
        }
        let permits = u32::try_from(tasks).expect("fewer than 2^32 tasks");
        let _all = all_wait.acquire_many(permits).await;
        let after = resident();
        before.zip(after).map(|(before, after)| after - before)
    };
    runtime.block_on(runtime.spawn(body)).expect("nothing in a measurement fails")
}

/// Answers `--memory COLUMN`: prints the bytes per task.
pub fn measure_here(column: &str, options: &Options) -> Result<()> {
    let engine = Engine::start(column, options).with_context(|| format!("there is no {column}"))?;
    let (bytes, tasks) = match engine {
        Engine::Ours => (ours(TASKS), TASKS),
        Engine::Tokio(runtime) => (tokio(runtime, TASKS), TASKS),
        Engine::Smol => (smol_side::idle_tasks(TASKS, resident), TASKS),
        // It divides by itself.
        Engine::Python(mut python) => (python.memory(PYTHON_TASKS), 1),
    };
    println!("{}", bytes.context("not measured")? / tasks as u64);
    Ok(())
}

/// Asks a child process of this very program; `None` where the operating system does not tell.
pub fn measure(column: &str, options: &Options) -> Option<f64> {
    let child = Command::new(std::env::current_exe().ok()?)
        .args(["--memory", column, "--python"])
        .arg(&options.python)
        .output();
    let answer = String::from_utf8(child.ok()?.stdout).ok()?;
    answer.trim().parse().ok()
}
