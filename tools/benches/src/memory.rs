//! What an idle task costs in memory.
//!
//! A counting allocator would need unsafe code. The resident size of the process says the same over enough tasks, and says it of
//! Python as well. Each measurement has a process of its own, so that no memory is used again.

use std::process::{Command, ExitCode};
use std::sync::Arc;

use asyncio::{EventLoop, Promise, create_task, get_running_loop, yield_now};
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::options::Options;
use crate::python::{Python, PythonLoop};
use crate::smol_side;
use crate::table::{COLUMNS, Cell, NOT_MEASURED};
use crate::tokio_side;

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
    runtime
        .block_on(runtime.spawn(body))
        .expect("nothing in a measurement fails")
}

/// Answers `--memory WHOSE TASKS`: prints the bytes per task.
pub fn measure_here(whose: &str, tasks: usize) -> ExitCode {
    let bytes = match whose {
        "ours" => ours(tasks),
        "current-thread" => tokio(tokio_side::current_thread(), tasks),
        "multi-thread" => tokio(tokio_side::multi_thread(), tasks),
        "smol" => smol_side::idle_tasks(tasks, resident),
        _ => None,
    };
    match bytes {
        Some(bytes) => {
            println!("{}", bytes / tasks as u64);
            ExitCode::SUCCESS
        }
        None => ExitCode::FAILURE,
    }
}

/// Asks a child process of this very program.
fn ask(whose: &str) -> Cell {
    let answer = std::env::current_exe().and_then(|program| {
        Command::new(program)
            .args(["--memory", whose, &TASKS.to_string()])
            .output()
    });
    answer
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .and_then(|text| text.trim().parse().ok())
        .map_or(NOT_MEASURED, Cell::Figure)
}

fn ask_python(options: &Options, which: PythonLoop) -> Cell {
    let Some(mut python) = options
        .python
        .as_ref()
        .and_then(|interpreter| Python::start(interpreter, which))
    else {
        return Cell::Missing(options.why_missing());
    };
    python
        .memory(PYTHON_TASKS)
        .map_or(NOT_MEASURED, |bytes| Cell::Figure(bytes as f64))
}

pub fn measure(options: &Options) -> [Cell; COLUMNS.len()] {
    let ask = |whose| match options.wants_column(whose) {
        true => ask(whose),
        false => Cell::Missing(options.why_missing()),
    };
    [
        ask("ours"),
        ask("current-thread"),
        ask("multi-thread"),
        ask("smol"),
        ask_python(options, PythonLoop::Asyncio),
        ask_python(options, PythonLoop::Uvloop),
    ]
}
