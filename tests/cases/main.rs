//! Every case of `cases.md`, run on the library and compared with CPython's trace.
//!
//! Run one area with `cargo test --test cases queue`, one case with `cargo test --test cases q07`.

mod harness;
#[path = "../python/mod.rs"]
mod python;

mod as_completed;
mod complete;
mod dropped;
mod future;
mod gather;
mod hazards;
mod loop_;
mod pythons;
mod queue;
mod shield;
mod sync;
mod task;
mod task_group;
mod threads;
mod timeout;
mod wait;
mod wait_for;

/// Leaves the loops of the cases as they are; `tests/observed.rs` gives them an observer.
fn prepare(event_loop: asyncio::EventLoop) -> asyncio::EventLoop {
    event_loop
}

/// Hears that a case has given its trace; a test of the recorder compares more than that.
fn is_over(_: &str) {}
