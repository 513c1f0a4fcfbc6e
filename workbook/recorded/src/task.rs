//! `tokio::task`, whose tasks are recorded.

use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use ::tokio::task;
use asyncio::observe::{Awaited, Place};
use asyncio_trace::Tracer;

use crate::recorder;

pub use ::tokio::task::*;

/// Spawns a task as Tokio does, and records it.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    match wrapper::<F>() {
        Some((tracer, name)) => {
            let traced = tracer.spawned(name, future);
            let task = Some(traced.task());
            JoinHandle::new(task::spawn(traced), task)
        }
        None => JoinHandle::new(task::spawn(future), None),
    }
}

/// Spawns a task on the current `LocalSet` as Tokio does, and records it.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    match wrapper::<F>() {
        Some((tracer, name)) => {
            let traced = tracer.spawned(name, future);
            let task = Some(traced.task());
            JoinHandle::new(task::spawn_local(traced), task)
        }
        None => JoinHandle::new(task::spawn_local(future), None),
    }
}

/// As Tokio's; what runs on another thread has no lane.
#[track_caller]
pub fn spawn_blocking<F, R>(function: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    JoinHandle::new(task::spawn_blocking(function), None)
}

/// Gives the other tasks a turn, and tells that this is what the task waits for.
#[track_caller]
pub fn yield_now() -> impl Future<Output = ()> {
    let at = Location::caller();
    async move {
        let mut yielding = pin!(task::yield_now());
        poll_fn(|cx| {
            let polled = yielding.as_mut().poll(cx);
            tell(&polled, Awaited::Turn, Some(at));
            polled
        })
        .await;
    }
}

/// Tells what the running task waits for, if it does.
fn tell<T>(polled: &Poll<T>, on: Awaited, at: Option<Place>) {
    if let (Poll::Pending, Some(tracer)) = (polled, Tracer::running()) {
        tracer.awaits(on, at);
    }
}

/// Tokio's handle of a task, which tells who waits for it.
#[derive(Debug)]
pub struct JoinHandle<T> {
    handle: task::JoinHandle<T>,
    /// The task's number in the record.
    task: Option<u64>,
}

impl<T> JoinHandle<T> {
    pub(crate) fn new(handle: task::JoinHandle<T>, task: Option<u64>) -> Self {
        JoinHandle { handle, task }
    }

    #[track_caller]
    pub fn abort(&self) {
        if let (Some(tracer), Some(task), false) =
            (recorder::tokio(), self.task, self.is_finished())
        {
            tracer.cancels(task, Location::caller());
        }
        self.handle.abort();
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

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(&mut self.handle).poll(cx);
        let on = self.task.map_or(Awaited::Foreign, Awaited::Task);
        tell(&polled, on, None);
        polled
    }
}

/// The recorder and a name, if anything is recorded.
pub(crate) fn wrapper<F>() -> Option<(&'static Tracer, String)> {
    Some((recorder::tokio()?, recorder::name_of::<F>()))
}

/// Tokio's `JoinSet`, whose tasks are recorded.
pub struct JoinSet<T>(task::JoinSet<T>);

impl<T> JoinSet<T> {
    pub fn new() -> Self {
        JoinSet(task::JoinSet::new())
    }
}

impl<T: 'static> JoinSet<T> {
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        match wrapper::<F>() {
            Some((tracer, name)) => self.0.spawn(tracer.spawned(name, future)),
            None => self.0.spawn(future),
        }
    }

    #[track_caller]
    pub fn spawn_local<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        match wrapper::<F>() {
            Some((tracer, name)) => self.0.spawn_local(tracer.spawned(name, future)),
            None => self.0.spawn_local(future),
        }
    }

    pub async fn join_all(self) -> Vec<T> {
        self.0.join_all().await
    }
}

impl<T> Deref for JoinSet<T> {
    type Target = task::JoinSet<T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T> DerefMut for JoinSet<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        JoinSet::new()
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = JoinSet::new();
        for future in futures {
            set.spawn(future);
        }
        set
    }
}
