//! `tokio::runtime`, where what a runtime blocks on is recorded; `#[tokio::main]` goes this way, too.

use std::future::Future;
use std::io;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use ::tokio::runtime;
use asyncio_trace::Clock;

use crate::recorder;
use crate::task::{JoinHandle, wrapper};

pub use ::tokio::runtime::*;

/// Tokio's builder.
///
/// Simplification: after a setting that is not named here the runtime is Tokio's own, and the future that it blocks on has no lane.
pub struct Builder(runtime::Builder);

impl Builder {
    pub fn new_current_thread() -> Self {
        Builder(runtime::Builder::new_current_thread())
    }

    pub fn new_multi_thread() -> Self {
        Builder(runtime::Builder::new_multi_thread())
    }

    pub fn enable_all(&mut self) -> &mut Self {
        self.0.enable_all();
        self
    }

    pub fn enable_io(&mut self) -> &mut Self {
        self.0.enable_io();
        self
    }

    pub fn enable_time(&mut self) -> &mut Self {
        self.0.enable_time();
        self
    }

    pub fn worker_threads(&mut self, number: usize) -> &mut Self {
        self.0.worker_threads(number);
        self
    }

    pub fn max_blocking_threads(&mut self, number: usize) -> &mut Self {
        self.0.max_blocking_threads(number);
        self
    }

    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        self.0.thread_name(name);
        self
    }

    /// As Tokio's; the record counts simulated time then, too.
    pub fn start_paused(&mut self, paused: bool) -> &mut Self {
        if let (Some(tracer), true) = (recorder::tokio(), paused) {
            tracer.set_clock(Clock::Virtual);
        }
        self.0.start_paused(paused);
        self
    }

    pub fn build(&mut self) -> io::Result<Runtime> {
        self.0.build().map(Runtime)
    }
}

impl Deref for Builder {
    type Target = runtime::Builder;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Builder {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Tokio's runtime.
#[derive(Debug)]
pub struct Runtime(runtime::Runtime);

impl Runtime {
    pub fn new() -> io::Result<Self> {
        Builder::new_multi_thread().enable_all().build()
    }

    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match recorder::tokio() {
            Some(tracer) => self.0.block_on(tracer.traced("main", future)),
            None => self.0.block_on(future),
        }
    }

    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        match wrapper::<F>() {
            Some((tracer, name)) => {
                let traced = tracer.spawned(name, future);
                let task = Some(traced.task());
                JoinHandle::new(self.0.spawn(traced), task)
            }
            None => JoinHandle::new(self.0.spawn(future), None),
        }
    }

    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, function: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        JoinHandle::new(self.0.spawn_blocking(function), None)
    }

    pub fn shutdown_timeout(self, duration: Duration) {
        self.0.shutdown_timeout(duration);
    }

    pub fn shutdown_background(self) {
        self.0.shutdown_background();
    }
}

impl Deref for Runtime {
    type Target = runtime::Runtime;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
