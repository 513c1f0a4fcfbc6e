//! Runs the cases once more, each loop with an observer: it must not change the order of anything.
//!
//! The modules are those of `tests/cases`; only `prepare` differs.

#[allow(
    dead_code,
    reason = "the tests of the cases themselves are not run again"
)]
#[path = "cases/harness.rs"]
mod harness;

#[allow(dead_code, reason = "only the versions are needed")]
#[path = "python/mod.rs"]
mod python;

#[path = "cases/as_completed.rs"]
mod as_completed;
#[path = "cases/dropped.rs"]
mod dropped;
#[path = "cases/future.rs"]
mod future;
#[path = "cases/gather.rs"]
mod gather;
#[path = "cases/hazards.rs"]
mod hazards;
#[path = "cases/loop_.rs"]
mod loop_;
#[path = "cases/queue.rs"]
mod queue;
#[path = "cases/shield.rs"]
mod shield;
#[path = "cases/sync.rs"]
mod sync;
#[path = "cases/task.rs"]
mod task;
#[path = "cases/task_group.rs"]
mod task_group;
#[path = "cases/threads.rs"]
mod threads;
#[path = "cases/timeout.rs"]
mod timeout;
#[path = "cases/wait.rs"]
mod wait;
#[path = "cases/wait_for.rs"]
mod wait_for;

use std::cell::Cell;

use asyncio::EventLoop;

/// Gives every loop of the cases an observer, which formats each event.
fn prepare(event_loop: EventLoop) -> EventLoop {
    let length = Cell::new(0);
    event_loop.set_observer(move |event| length.set(length.get() + format!("{event:?}").len()));
    event_loop
}

fn is_over(_: &str) {}
