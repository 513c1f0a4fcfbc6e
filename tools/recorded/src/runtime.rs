//! `tokio::runtime`, where what a runtime blocks on is recorded; `#[tokio::main]` goes this way, too.

use std::future::Future;
use std::io;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::time::Duration;

use ::tokio::runtime;
use asyncio::observe::Place;
use asyncio_trace::Clock;

use crate::recorder;
use crate::task::{JoinHandle, Work};
use crate::tracer::Traced;

pub use ::tokio::runtime::*;

/// Tokio's builder.
///
/// Simplification: after a setting that is not named here the runtime is Tokio's own, and the future that it blocks on has no lane.
pub struct Builder {
    builder: runtime::Builder,
    enabled: Option<Place>,
}

impl Builder {
    pub fn new_current_thread() -> Self {
        Builder::of(runtime::Builder::new_current_thread())
    }

    pub fn new_multi_thread() -> Self {
        Builder::of(runtime::Builder::new_multi_thread())
    }

    fn of(builder: runtime::Builder) -> Self {
        let enabled = None;
        Builder { builder, enabled }
    }

    #[track_caller]
    pub fn enable_all(&mut self) -> &mut Self {
        self.enabled = Some(Location::caller());
        self.builder.enable_all();
        self
    }

    pub fn enable_io(&mut self) -> &mut Self {
        self.builder.enable_io();
        self
    }

    pub fn enable_time(&mut self) -> &mut Self {
        self.builder.enable_time();
        self
    }

    pub fn worker_threads(&mut self, number: usize) -> &mut Self {
        self.builder.worker_threads(number);
        self
    }

    pub fn max_blocking_threads(&mut self, number: usize) -> &mut Self {
        self.builder.max_blocking_threads(number);
        self
    }

    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        self.builder.thread_name(name);
        self
    }

    /// As Tokio's; the record counts simulated time then, too.
    pub fn start_paused(&mut self, paused: bool) -> &mut Self {
        if let (Some(tracer), true) = (recorder::tokio(), paused) {
            tracer.set_clock(Clock::Virtual);
        }
        self.builder.start_paused(paused);
        self
    }

    pub fn build(&mut self) -> io::Result<Runtime> {
        let (runtime, enabled) = (self.builder.build()?, self.enabled);
        Ok(Runtime { runtime, enabled })
    }
}

impl Deref for Builder {
    type Target = runtime::Builder;

    fn deref(&self) -> &Self::Target {
        &self.builder
    }
}

impl DerefMut for Builder {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.builder
    }
}

/// Tokio's runtime.
#[derive(Debug)]
pub struct Runtime {
    runtime: runtime::Runtime,
    enabled: Option<Place>,
}

impl Runtime {
    pub fn new() -> io::Result<Self> {
        Builder::new_multi_thread().enable_all().build()
    }

    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let at = Some(Location::caller());
        // Calls in one place were written by an attribute, such as `tokio::main`, and stand at no line of the program.
        let at = at.filter(|_| at != self.enabled);
        let traced = match recorder::tokio() {
            Some(tracer) => tracer.traced("main", future, at),
            None => Traced::untold(future),
        };
        self.runtime.block_on(traced)
    }

    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let traced = recorder::spawned(future);
        let work = Work::Task(traced.task());
        JoinHandle::new(self.runtime.spawn(traced), work)
    }

    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, function: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        JoinHandle::new(self.runtime.spawn_blocking(function), Work::on_a_thread())
    }

    pub fn shutdown_timeout(self, duration: Duration) {
        self.runtime.shutdown_timeout(duration);
    }

    pub fn shutdown_background(self) {
        self.runtime.shutdown_background();
    }
}

impl Deref for Runtime {
    type Target = runtime::Runtime;

    fn deref(&self) -> &Self::Target {
        &self.runtime
    }
}
