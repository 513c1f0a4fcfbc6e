//! `tokio::task`, whose tasks are recorded.

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};

use ::tokio::task;
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
        Some((tracer, name)) => task::spawn(tracer.spawned(name, future)),
        None => task::spawn(future),
    }
}

/// Spawns a task on the current `LocalSet` as Tokio does, and records it.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    match wrapper::<F>() {
        Some((tracer, name)) => task::spawn_local(tracer.spawned(name, future)),
        None => task::spawn_local(future),
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
