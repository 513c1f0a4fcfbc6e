//! What `gather`, `wait_for` and the like take.

use std::future::Future;

use crate::error::Result;
use crate::event_loop::EventLoop;
use crate::promise::Promise;
use crate::task::Task;

/// What can be awaited and given to `gather`, `wait_for` and the like: a future of this library's [`Result`], a task, or a promise.
///
/// asyncio: an awaitable.
pub trait Awaitable {
    /// What a success yields.
    type Value: 'static;

    /// Makes a task of a future, and gives tasks and promises as they are.
    ///
    /// asyncio: `ensure_future`.
    fn ensure_promise(self, event_loop: &EventLoop) -> Promise<Self::Value>;
}

impl<F, T> Awaitable for F
where
    F: Future<Output = Result<T>> + 'static,
    T: 'static,
{
    type Value = T;

    fn ensure_promise(self, event_loop: &EventLoop) -> Promise<T> {
        event_loop.create_task(self).promise()
    }
}

impl<T: 'static> Awaitable for Promise<T> {
    type Value = T;

    fn ensure_promise(self, _: &EventLoop) -> Promise<T> {
        self
    }
}

impl<T: 'static> Awaitable for &Promise<T> {
    type Value = T;

    fn ensure_promise(self, _: &EventLoop) -> Promise<T> {
        self.clone()
    }
}

impl<T: 'static> Awaitable for Task<T> {
    type Value = T;

    fn ensure_promise(self, _: &EventLoop) -> Promise<T> {
        self.promise()
    }
}

impl<T: 'static> Awaitable for &Task<T> {
    type Value = T;

    fn ensure_promise(self, _: &EventLoop) -> Promise<T> {
        self.promise()
    }
}
