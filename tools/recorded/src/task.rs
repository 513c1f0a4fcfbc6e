//! `tokio::task`, whose tasks are recorded.

use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use ::tokio::task;
use asyncio::observe::{Awaited, Place};

use crate::recorder;
use crate::told::Wait;
use crate::tracer::{awaits, awaits_no_more};

mod join_set;

pub use ::tokio::task::*;
pub use join_set::JoinSet;

/// Spawns a task as Tokio does, and records it.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let traced = recorder::spawned(future);
    let work = Work::Task(traced.task());
    JoinHandle::new(task::spawn(traced), work)
}

/// Spawns a task on the current `LocalSet` as Tokio does, and records it.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    let traced = recorder::spawned(future);
    let work = Work::Task(traced.task());
    JoinHandle::new(task::spawn_local(traced), work)
}

/// As Tokio's; what runs on another thread has no lane.
#[track_caller]
pub fn spawn_blocking<F, R>(function: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    JoinHandle::new(task::spawn_blocking(function), Work::on_a_thread())
}

/// Gives the other tasks a turn, and tells that this is what the task waits for.
#[track_caller]
pub fn yield_now() -> impl Future<Output = ()> {
    let at = Location::caller();
    async move {
        let mut yielding = pin!(task::yield_now());
        poll_fn(|cx| {
            let polled = yielding.as_mut().poll(cx);
            tell(&polled, Awaited::Turn, at);
            polled
        })
        .await;
    }
}

/// Tells what the running task waits for, if it does.
fn tell<T>(polled: &Poll<T>, on: Awaited, at: Place) {
    if polled.is_pending() {
        awaits(on, at);
    }
}

/// What a handle is the handle of.
#[derive(Debug)]
pub(crate) enum Work {
    /// The task of this number in the record, if that is recorded.
    Task(Option<u64>),
    /// A function that runs on another thread.
    Thread(Wait),
}

impl Work {
    pub(crate) fn on_a_thread() -> Work {
        Work::Thread(Wait::new("thread", None))
    }

    fn task(&self) -> Option<u64> {
        match self {
            Work::Task(task) => *task,
            Work::Thread(_) => None,
        }
    }
}

/// Tokio's handle of a task, which tells who waits for it.
#[derive(Debug)]
pub struct JoinHandle<T> {
    handle: task::JoinHandle<T>,
    work: Work,
}

impl<T> JoinHandle<T> {
    pub(crate) fn new(handle: task::JoinHandle<T>, work: Work) -> Self {
        JoinHandle { handle, work }
    }

    #[track_caller]
    pub fn abort(&self) {
        cancels(self.work.task());
        self.handle.abort();
    }

    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle { handle: self.handle.abort_handle(), task: self.work.task() }
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Some(task) = self.work.task() {
            awaits_no_more(&Awaited::Task(task));
        }
    }
}

impl<T> Deref for JoinHandle<T> {
    type Target = task::JoinHandle<T>;

    fn deref(&self) -> &Self::Target {
        &self.handle
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    /// The compiler calls this where `.await` is written, so that the line is known.
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(&mut self.handle).poll(cx);
        let at = Location::caller();
        match &mut self.work {
            Work::Task(task) => tell(&polled, task.map_or(Awaited::Foreign, Awaited::Task), at),
            Work::Thread(wait) => wait.tell(&polled, at),
        }
        polled
    }
}

/// Records that a task is asked to end, if it is one that is recorded and has not ended.
#[track_caller]
fn cancels(tasks: impl IntoIterator<Item = u64>) {
    if let Some(tracer) = recorder::tokio() {
        let at = Location::caller();
        tasks.into_iter().for_each(|task| tracer.cancels(task, at));
    }
}

/// Tokio's handle that can end a task, which tells who does.
#[derive(Clone, Debug)]
pub struct AbortHandle {
    handle: task::AbortHandle,
    /// The task's number in the record.
    task: Option<u64>,
}

impl AbortHandle {
    #[track_caller]
    pub fn abort(&self) {
        cancels(self.task);
        self.handle.abort();
    }
}

impl Deref for AbortHandle {
    type Target = task::AbortHandle;

    fn deref(&self) -> &Self::Target {
        &self.handle
    }
}
