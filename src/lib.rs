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
//! an evening. The whole, in which no file needs one that comes after it:
//! 1. `error`, what can come instead of a result. What a loop knows of a task: `line`, which lists who waits, `waits`, the way that
//!    a cancellation takes, `header`. What it is made of: `callback`, `clock`, `timers`, `remote`, where other threads leave
//!    messages, `poller`, `pool`. What an observer hears: `events`, `observation`.
//! 2. `event_loop`: the loop; its heart is `run_once`, `event_loop/api` is what a program calls, `event_loop/table` keeps the tasks.
//! 3. `handle`: callbacks and timers of a program. `leaf`: what all that can be awaited has. `slot`, `promise`, the place of a result,
//!    and `awaiting`, the leaf on which a task waits for it.
//! 4. `any_task` and `task`: a promise that drives a future. `awaitable`, `run`: a whole program. `yielding` and `cancellable`, two
//!    leaves without a promise.
//! 5. `signal`: a promise without a value. Then what is built from these: `sleep`, `gather`, `shield`, `task_group`.
//! 6. `waiters`, `queue`, `sync`: those who wait in line. `wait`, `timeout`: those who do not wait to the end.
//! 7. `threads`, `executor`: the way in from other threads, and the way out to them.
//! 8. `net`: sockets, streams, and servers with a protocol.
//! 9. `observe`: all that an observer is told.
//!
//! # What is simplified
//! A production loop would find expired timers with a wheel instead of a heap, keep a task in one allocation instead of three, and
//! share its tasks among threads. This one does without unsafe code, and with one dependency, the operating system's poller.

mod any_task;
mod awaitable;
mod awaiting;
mod callback;
mod cancellable;
mod clock;
mod error;
mod event_loop;
mod events;
mod executor;
mod gather;
mod handle;
mod header;
mod leaf;
mod line;
mod net;
mod observation;
pub mod observe;
mod poller;
mod pool;
mod promise;
mod queue;
mod remote;
mod run;
mod shield;
mod signal;
mod sleep;
mod slot;
mod sync;
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
pub use awaitable::Awaitable;
pub use awaiting::Awaiting;
pub use callback::CallbackOutput;
pub use cancellable::cancellable;
pub use error::{
    AwaitError, Cancelled, Error, InvalidState, NoRunningLoop, Panicked, Result, RunError, TimedOut,
};
pub use event_loop::{ErrorContext, EventLoop, get_running_loop};
pub use executor::to_thread;
pub use gather::{gather, gather_return_exceptions};
pub use handle::{Handle, TimerHandle};
pub use net::{
    Direction, IncompleteRead, LimitOverrun, Protocol, Server, StreamReader, StreamWriter,
    TcpListener, TcpStream, Transport, Watched, create_server, open_connection,
};
pub use promise::{CallbackId, Promise};
pub use queue::{
    BasicQueue, Fifo, Lifo, LifoQueue, PriorityQueue, Queue, QueueEmpty, QueueFull, Smallest,
    Storage, TooManyTaskDone,
};
pub use run::run;
pub use shield::shield;
pub use sleep::sleep;
pub use sync::{Barrier, Condition, Event, Lock, LockGuard, Permit, ReleasedTooOften, Semaphore};
pub use task::{Task, create_task};
pub use task_group::{ErrorGroup, GroupClosed, TaskGroup, task_group};
pub use threads::{ConcurrentFuture, LoopHandle, ThreadsafeHandle};
pub use timeout::{Timeout, timeout, wait_for};
pub use wait::{NothingToWaitFor, ReturnWhen, Waited, as_completed, wait};
pub use yielding::yield_now;
