//! Tokio's own functions for programs whose timeline is recorded: they do the same, and tell what a task waits for.
//!
//! Tokio tells nobody what a future is for. The scenarios of the book call these, so that their pictures can say it.
//! Outside a traced task each of them panics: there would be nothing to tell it to.

use std::fmt::Display;
use std::future::Future;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::time::Duration;

use asyncio::observe::{Awaited, Place};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::Instant;

use crate::Tracer;

fn tracer() -> Tracer {
    Tracer::running().expect("called outside a traced task")
}

/// Polls the future until it is ready, and tells each time that the task waits for this.
async fn telling<F: Future>(future: F, on: Awaited, at: Place) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        if polled.is_pending() {
            tracer().awaits(on, Some(at));
        }
        polled
    })
    .await
}

/// Waits for so long.
#[track_caller]
pub fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
    let at = Location::caller();
    async move {
        let sleep = tokio::time::sleep_until(Instant::now() + duration);
        let promise = tracer().promise("sleep", Some(sleep.deadline()), at);
        telling(sleep, Awaited::Promise(promise), at).await;
    }
}

/// Gives the other tasks a turn.
#[track_caller]
pub fn yield_now() -> impl Future<Output = ()> {
    telling(tokio::task::yield_now(), Awaited::Turn, Location::caller())
}

/// Waits for the future, which is for this: `"queue get"`, say, or another label of the schema.
#[track_caller]
pub fn awaiting<F: Future>(label: &'static str, future: F) -> impl Future<Output = F::Output> {
    let at = Location::caller();
    async move {
        let promise = tracer().promise(label, None, at);
        telling(future, Awaited::Promise(promise), at).await
    }
}

/// Marks a line of the program: the text becomes an event of the task that runs.
#[track_caller]
pub fn note(text: impl Display) {
    tracer().note(text.to_string());
}

/// Spawns a task under a name.
#[track_caller]
pub fn spawn<F>(name: &str, future: F) -> Spawned<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let traced = tracer().spawned(name, future);
    let task = traced.task();
    let handle = tokio::spawn(traced);
    Spawned { handle, task }
}

/// The handle of a spawned task, to be awaited.
#[derive(Debug)]
pub struct Spawned<T> {
    handle: JoinHandle<T>,
    task: u64,
}

impl<T> Spawned<T> {
    /// Drops the task where it is suspended, as soon as Tokio comes to it.
    #[track_caller]
    pub fn abort(&self) {
        tracer().cancels(self.task, Location::caller());
        self.handle.abort();
    }
}

impl<T: 'static> IntoFuture for Spawned<T> {
    type Output = Result<T, JoinError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output>>>;

    /// The compiler calls this where `.await` is written, so that the line is known.
    #[track_caller]
    fn into_future(self) -> Self::IntoFuture {
        let at = Location::caller();
        Box::pin(telling(self.handle, Awaited::Task(self.task), at))
    }
}
