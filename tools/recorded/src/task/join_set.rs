//! Tokio's `JoinSet`, whose tasks are recorded.

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};

use ::tokio::task;

use super::{AbortHandle, Id, JoinError, cancels};
use crate::recorder;
use crate::told::telling;

/// Tokio's set of tasks, which tells who waits for them and who ends them.
pub struct JoinSet<T> {
    set: task::JoinSet<T>,
    /// The numbers in the record of all tasks that were spawned on it.
    tasks: Vec<u64>,
}

impl<T> JoinSet<T> {
    pub fn new() -> Self {
        JoinSet { set: task::JoinSet::new(), tasks: Vec::new() }
    }
}

impl<T: 'static> JoinSet<T> {
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        let traced = recorder::spawned(future);
        let task = traced.task();
        self.tasks.extend(task);
        let handle = self.set.spawn(traced);
        AbortHandle { handle, task }
    }

    #[track_caller]
    pub fn spawn_local<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        let traced = recorder::spawned(future);
        let task = traced.task();
        self.tasks.extend(task);
        let handle = self.set.spawn_local(traced);
        AbortHandle { handle, task }
    }

    /// As Tokio's; what runs on another thread has no lane.
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, function: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        let handle = self.set.spawn_blocking(function);
        AbortHandle { handle, task: None }
    }

    #[track_caller]
    pub fn join_next(&mut self) -> impl Future<Output = Option<Result<T, JoinError>>> {
        telling("join set", self.set.join_next())
    }

    #[track_caller]
    pub fn join_next_with_id(&mut self) -> impl Future<Output = Option<Result<(Id, T), JoinError>>> {
        telling("join set", self.set.join_next_with_id())
    }

    #[track_caller]
    pub fn join_all(mut self) -> impl Future<Output = Vec<T>> {
        telling("join set", async move {
            // The rest of `self` goes at the end, so that a future that is dropped tells of the tasks that this ends.
            std::mem::take(&mut self.set).join_all().await
        })
    }

    #[track_caller]
    pub fn abort_all(&mut self) {
        cancels(self.tasks.drain(..));
        self.set.abort_all();
    }

    #[track_caller]
    pub fn shutdown(&mut self) -> impl Future<Output = ()> {
        telling("join set", async move {
            cancels(self.tasks.drain(..));
            self.set.shutdown().await;
        })
    }

    pub fn detach_all(&mut self) {
        self.tasks.clear();
        self.set.detach_all();
    }
}

/// Tokio ends the tasks that are left.
impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        cancels(self.tasks.drain(..));
    }
}

impl<T> Deref for JoinSet<T> {
    type Target = task::JoinSet<T>;

    fn deref(&self) -> &Self::Target {
        &self.set
    }
}

impl<T> DerefMut for JoinSet<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.set
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        JoinSet::new()
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.set.fmt(f)
    }
}

impl<T: Send + 'static, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
{
    fn extend<I: IntoIterator<Item = F>>(&mut self, futures: I) {
        for future in futures {
            self.spawn(future);
        }
    }
}

impl<T: Send + 'static, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
{
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = JoinSet::new();
        for future in futures {
            set.spawn(future);
        }
        set
    }
}
