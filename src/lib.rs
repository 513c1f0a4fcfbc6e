//! asyncio's event loop, tasks, futures and queues in Rust, written to be read.
//!
//! This is the library of the workbook *asyncio in Rust*. It keeps asyncio's names and, event for event, CPython's order, so
//! that a program brought over from Python prints the same lines. It is for learning: at work, use Tokio.
//!
//! ```
//! use asyncio::{gather, sleep};
//! use std::time::Duration;
//!
//! async fn tea(name: &'static str, minutes: u64) -> asyncio::Result<&'static str> {
//!     sleep(Duration::from_millis(minutes)).await?;
//!     Ok(name)
//! }
//!
//! let teas = asyncio::run(async { gather([tea("green", 3), tea("herbal", 1)]).await });
//! assert_eq!(teas.unwrap(), ["green", "herbal"]);
//! ```
//!
//! # Two cancellations
//! asyncio's cancellation is a value that arrives at the await point: here `Err(Cancelled)`, and the body may clean up, await, or
//! go on. Rust's own is a drop: nothing runs after it but destructors. The library has the first and survives the second.
//!
//! # Reading order
//! The heart is `event_loop`, `handle`, `slot`, `promise`, `awaiting` and `task`: some two thousand lines with their comments, for
//! an evening. The whole, where each file builds on those before it:
//! 1. `event_loop`: the loop; its heart is `run_once`, and `event_loop/api` is what a program calls. Beside it `handle` (callbacks),
//!    `timers`, `clock`, `poller`.
//! 2. `promise` and the `slot` for its result; `awaiting`, the leaf on which a task waits for it; `line`, which lists who waits;
//!    `error`, what can come instead of a result.
//! 3. `task`: a promise that drives a future; `waits`, the way that a cancellation takes. Beside it `table` and `remote`, where
//!    wakers lead, `any_task`, and `yielding` and `cancellable`, two leaves without a promise.
//! 4. `signal`: a promise without a value. Then what is built from these: `sleep`, `gather`, `wait`, `timeout`, `shield`, `task_group`.
//! 5. `waiters`, `queue`, `sync`: those who wait in line.
//! 6. `threads`, `executor`: the way in from other threads, and the way out to them.
//! 7. `net`: sockets, streams, and servers with a protocol.
//! 8. `observe`: what an observer is told, and `observation`, which tells it.
//!
//! # What is simplified
//! A production loop would find expired timers with a wheel instead of a heap, keep a task in one allocation instead of three, and
//! share its tasks among threads. This one does without unsafe code, and with one dependency, the operating system's poller.

mod any_task;
mod awaiting;
mod cancellable;
mod clock;
mod error;
mod event_loop;
mod executor;
mod gather;
mod handle;
mod line;
mod net;
mod observation;
pub mod observe;
mod poller;
mod promise;
mod queue;
mod remote;
mod shield;
mod signal;
mod sleep;
mod slot;
mod sync;
mod table;
mod task;
mod task_group;
mod threads;
mod timeout;
mod timers;
mod wait;
mod waiters;
mod waits;
mod yielding;

pub use any_task::{AnyTask, current_task};
pub use awaiting::Awaiting;
pub use cancellable::cancellable;
pub use error::{
    AwaitError, Cancelled, Error, InvalidState, NoRunningLoop, Panicked, Result, RunError,
};
pub use event_loop::{ErrorContext, EventLoop, get_running_loop, run};
pub use executor::to_thread;
pub use gather::{gather, gather_return_exceptions};
pub use handle::{CallbackOutput, Handle, TimerHandle};
pub use net::{
    Direction, IncompleteRead, LimitOverrun, Protocol, Server, StreamReader, StreamWriter,
    TcpListener, TcpStream, Transport, Watched, create_server, open_connection,
};
pub use promise::{Awaitable, CallbackId, Promise};
pub use queue::{
    BasicQueue, Fifo, Lifo, LifoQueue, PriorityQueue, Queue, QueueEmpty, QueueFull, Smallest,
    Storage, TooManyTaskDone,
};
pub use shield::shield;
pub use sleep::sleep;
pub use sync::{Barrier, Condition, Event, Lock, LockGuard, Permit, ReleasedTooOften, Semaphore};
pub use task::{Task, create_task};
pub use task_group::{ErrorGroup, GroupClosed, TaskGroup, task_group};
pub use threads::{ConcurrentFuture, LoopHandle, ThreadsafeHandle};
pub use timeout::{TimedOut, Timeout, timeout, wait_for};
pub use wait::{NothingToWaitFor, ReturnWhen, Waited, as_completed, wait};
pub use yielding::yield_now;
