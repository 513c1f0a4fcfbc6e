use asyncio::{ConcurrentFuture, EventLoop, LoopHandle, Result};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

/// A loop on a thread of its own, for a program that has none.
pub struct LoopThread {
    handle: LoopHandle,
    thread: JoinHandle<()>,
    started: Vec<ConcurrentFuture<()>>,
}

impl LoopThread {
    /// Starts the thread, which runs a loop on a virtual clock.
    pub fn new() -> LoopThread {
        // A loop stays on the thread that makes it, and only its handle can leave it.
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            let event_loop = EventLoop::with_virtual_clock();
            let _ = tell.send(event_loop.handle());
            event_loop.run_forever().expect("the loop is new");
        });
        LoopThread {
            handle: told.recv().expect("the thread tells its handle first"),
            thread,
            started: Vec::new(),
        }
    }

    /// Starts a coroutine and goes on.
    pub fn start<F>(&mut self, make: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = Result<()>> + 'static,
    {
        let future = self.handle.run_coroutine_threadsafe(make);
        self.started.push(future.expect("the loop is open"));
    }

    /// Runs a coroutine and waits for its result.
    pub fn call<T, F>(&self, make: impl FnOnce() -> F + Send + 'static) -> Result<T>
    where
        T: Clone + Send + 'static,
        F: Future<Output = Result<T>> + 'static,
    {
        self.handle.run_coroutine_threadsafe(make)?.result(None)
    }

    /// Waits for everything that was started and for the thread, and gives the first error.
    pub fn close(self) -> Result<()> {
        let outcomes: Vec<_> = self.started.iter().map(|job| job.result(None)).collect();
        self.handle.stop()?;
        self.thread.join().expect("the loop does not panic");
        outcomes.into_iter().collect()
    }
}
