//! asyncio's event loop, tasks, futures and queues in Rust, written to be read.
//!
//! This is the library of the workbook *asyncio in Rust*. It keeps asyncio's names (but for `Future`, which means something else
//! in Rust, and is a [`Promise`] here) and, event for event, CPython's order, so that a program brought over from Python prints
//! the same lines. It is for learning: at work, use Tokio.
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
//! go on. Rust's own is a drop: nothing runs after it but destructors. The library has the first and survives the second. It drops
//! a body itself only where no await of its own can hear of a cancellation: in a task that has not begun, or that waits for a
//! future of another library outside of [cancellable](cancellable()).
//!
//! # Which CPython
//! The library follows CPython 3.14, event for event. The cases of `tests/cases/cases.md` hold it to traces that CPython 3.14.2
//! printed, and random programs are compared with it; what needs sockets or threads is held to CPython 3.13.0. Older versions
//! differ:
//!
//! | what | 3.11 | 3.12 | 3.13 |
//! |---|---|---|---|
//! | `wait_for` runs a coroutine in a task of its own, and may lose a cancellation that meets the result | yes | | |
//! | `gather` of what is done is done a pass later | yes | | |
//! | `as_completed` starts its tasks with the first item, not in the call | yes | yes | |
//! | `uncancel` does not take back a cancellation that has not arrived | yes | yes | |
//! | a task group swallows a cancellation that comes from outside while it fails, that of a group around it, too | yes | yes | |
//! | who leaves a condition, a barrier or a semaphore wakes fewer in its stead | yes | yes | |
//! | there is no `Queue.shutdown` | yes | yes | |
//! | `shield` does not report by itself an error that comes after its awaiter was cancelled | yes | yes | yes |
//!
//! The book's page "Which Python" has a program for each row.
//!
//! In two things the library differs on purpose: everybody who awaits a cancelled task sees the message of its cancellation, which
//! CPython gives to the first alone; and each shield that was cancelled reports a late failure inside, where CPython reports once.
//!
//! # What is left out
//! | asyncio | instead |
//! |---|---|
//! | eager tasks (`eager_task_factory`, `eager_start`) | await the future without a task: it begins at once |
//! | context variables (`context=`) | give a future what it needs when you make it; `tokio::task_local!` |
//! | `async for` over `as_completed` | `for item in as_completed(…)`, and `item.await` |
//! | `start_tls`, `ssl=` | Tokio with rustls |
//! | `StreamWriter.writelines` | [`StreamWriter::write`] for each |
//! | Unix sockets, UDP | `tokio::net::UnixStream`, `tokio::net::UdpSocket` |
//! | an executor of one's own (`ThreadPoolExecutor`, `set_default_executor`) | the loop's pool, with as many threads as [`EventLoop::set_executor_threads`] says; for another pool, a promise that its threads fill through [`LoopHandle`] |
//! | `Task.get_stack`, `print_stack`, `capture_call_graph` | an observer: [`observe`] |
//! | `add_signal_handler` | `tokio::signal`, or wait for the signal on a thread of the pool |
//! | subprocesses | `tokio::process`, or `std::process` on a thread of the pool |
//! | `Barrier.reset`, `Barrier.abort` | a new [`Barrier`]; cancel the tasks that wait |
//!
//! # Before you read
//! A future awaits another one, that awaits a third: at the end stands a *leaf*, which waits for something itself. A task is
//! polled from its body down to the leaf. If that cannot go on, `Poll::Pending` comes back up, and all stays as it is until the
//! next poll, which goes down the same way to the same leaf. Whoever answers `Pending` has to see to it that there is a next poll.
//! (`Pin` says that a future is not moved in between; read over it.)
//!
//! Nearly every leaf here awaits a promise, and `sleep(delay).await` goes like this, which is what most of the library is about:
//! 1. `start_timer` makes a promise, and a timer with a callback that fills it.
//! 2. `Awaiting::poll`, the leaf, finds the promise pending. It enters the promise into the list of what the task waits for
//!    (`Waits`: there a cancellation finds it), and the task into the list of who waits for the promise (its listeners).
//! 3. `Pending` goes up to `TaskCell::step`, which puts the body back.
//! 4. When the time has come, `expire_timers` puts the callback into the ready queue, and `run_ready` calls it.
//! 5. `Promise::settle` hands each listener to the loop: the next step of the task goes into the ready queue.
//! 6. That step polls the body, and so the same leaf. It finds the outcome and takes its entry out of `Waits`; the body goes on.
//!
//! A cancellation goes the other way round: from the task to the promise in its `Waits`, which is settled as cancelled, and that
//! wakes the task (`cancel` in the file of the promise; `TaskState::passed_on` sees to the leaves that it does not reach in this
//! way).
//!
//! # Reading order
//! Ten files are what `gather` needs, and an evening. They call one another, as those of asyncio do, so read them in this order,
//! and take a name that comes later for what its sentence here says:
//! 1. `event_loop`: a queue of what is ready, and `run_once`, which makes one pass ([`EventLoop::run_forever`] makes one after
//!    another). A ready thing is a callback, or a task, which the loop knows as `Driven`: it can make a step, and be dropped.
//! 2. `callback`: what the loop calls. `timers`: callbacks that wait for a time, and the clock. (They come from
//!    [`EventLoop::call_at`], and [`Handle::cancel`] says why some in the heap are cancelled.)
//! 3. `error`: what can come instead of a result. `on_drop`: what happens at the end of a block, however it ends.
//! 4. `list`: those who wait for something, in the order in which they came. `promise`: a result that is not there yet, and who
//!    waits for it. Whatever a task of this library waits for is a promise, but for a bare yield. What comes after
//!    `create_promise` in that file is about cancellations and drops: come back for it when you know tasks.
//! 5. `task`: a promise that a future fills, polled by the loop step by step (its public handle is [`Task`]). Its waker is for
//!    parts of it that a `join!` polls, and for futures of other libraries. `waiting`: what a task waits for, so that a
//!    cancellation finds it, and `Awaiting`, the `await` of a promise.
//! 6. `gather`: a promise that its children fill.
//!
//! What to pass over at first: every `tell` is a line for an observer (its closure names things by numbers), `act_as` and
//! `begin_turn` too; `make_remote_calls` does what other threads have asked for; `drop_in_turn` and `in_a_circle` see to chains of
//! any length and to circles; a scope is the inside of a call of [cancellable](cancellable()).
//!
//! The rest is built from these; a file's first lines say what it is for:
//! - `handle` and `task_handle`: what a program holds of a callback and of a task. `run`: a whole program from beginning to end.
//!   `report`: errors that nobody sees. `circle`: tasks that wait for one another.
//! - `sleep`: a promise that a timer fills, and the bare yield. `shield`, `wait`, `timeout`, `task_group`: in the shape that
//!   CPython has given them. `cancellable`: futures of other libraries.
//! - `waiters`: a line of promises. `queue` and `sync` stand on it.
//! - `remote`: the inbox for other threads. `threads`: the loop seen from there. `executor`: work that blocks.
//! - `poller`: the operating system's word on sockets. `net`: sockets, streams, and servers with a protocol.
//! - `observe`: what a loop tells an observer, one event for each thing that happens.
//!
//! # What is simplified
//! A production loop would find expired timers with a wheel instead of a heap, keep a task and its future in one allocation, and
//! share its tasks among threads. This one does without unsafe code, and with two dependencies: the operating system's poller, and
//! what writes an observer's events down.

mod callback;
mod cancellable;
mod circle;
mod error;
mod event_loop;
mod executor;
mod gather;
mod handle;
mod list;
mod net;
pub mod observe;
mod on_drop;
mod poller;
mod promise;
mod queue;
mod remote;
mod report;
mod run;
mod shield;
mod sleep;
mod sync;
mod task;
mod task_group;
mod task_handle;
mod threads;
mod timeout;
mod timers;
mod wait;
mod waiters;
mod waiting;

pub use callback::CallbackOutput;
pub use cancellable::cancellable;
pub use error::{AwaitError, Cancelled, Error, InvalidState, NoRunningLoop, Panicked, Result, RunError};
pub use event_loop::{EventLoop, get_running_loop};
pub use executor::to_thread;
pub use gather::{gather, gather_return_exceptions};
pub use handle::{Handle, TimerHandle};
pub use net::{
    Direction, IncompleteRead, LimitOverrun, Protocol, Server, StreamReader, StreamWriter, TcpListener, TcpStream,
    Transport, Watched, create_server, open_connection,
};
pub use promise::{CallbackId, Promise};
pub use queue::{
    BasicQueue, Fifo, GetError, Lifo, LifoQueue, PriorityQueue, PutError, Queue, QueueShutDown, Smallest, Storage,
    TooManyTaskDone,
};
pub use report::ErrorContext;
pub use run::run;
pub use shield::shield;
pub use sleep::{sleep, yield_now};
pub use sync::{Barrier, Condition, Event, Lock, LockGuard, Permit, ReleasedTooOften, Semaphore};
pub use task::Awaitable;
pub use task_group::{ErrorGroup, GroupClosed, TaskGroup, task_group};
pub use task_handle::{AnyTask, Task, create_task, current_task};
pub use threads::{ConcurrentFuture, LoopHandle, ThreadsafeHandle};
pub use timeout::{TimedOut, Timeout, timeout, timeout_at, wait_for};
pub use wait::{NothingToWaitFor, ReturnWhen, Waited, as_completed, wait};
pub use waiting::Awaiting;
