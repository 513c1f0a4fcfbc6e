//! What `gather`, `wait_for` and the like take.

use std::future::{Future, IntoFuture};
use std::panic::Location;

use crate::error::Result;
use crate::event_loop::EventLoop;
use crate::promise::Promise;
use crate::task::spawn;

/// What can be awaited and given to `gather`, `wait_for` and the like: a future of this library's [`Result`], a task, or a promise.
///
/// asyncio: an awaitable.
pub trait Awaitable: IntoFuture<Output = Result<Self::Value>> {
    /// What a success yields.
    type Value: 'static;

    /// Makes a task of a future, and gives tasks and promises as they are.
    ///
    /// asyncio: `ensure_future`.
    #[track_caller]
    fn ensure_promise(self, event_loop: &EventLoop) -> Promise<Self::Value>;
}

impl<F, T> Awaitable for F
where
    F: Future<Output = Result<T>> + 'static,
    T: 'static,
{
    type Value = T;

    #[track_caller]
    fn ensure_promise(self, event_loop: &EventLoop) -> Promise<T> {
        event_loop.core.assert_open();
        spawn(&event_loop.core, self, Some(Location::caller()))
    }
}

impl<T: Clone + 'static> Awaitable for Promise<T> {
    type Value = T;

    fn ensure_promise(self, _: &EventLoop) -> Promise<T> {
        self
    }
}

impl<T: Clone + 'static> Awaitable for &Promise<T> {
    type Value = T;

    fn ensure_promise(self, _: &EventLoop) -> Promise<T> {
        self.clone()
    }
}
