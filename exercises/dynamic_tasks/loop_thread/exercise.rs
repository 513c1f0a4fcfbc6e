use asyncio::Result;

/// A loop on a thread of its own, for a program that has none.
pub struct LoopThread {}

impl LoopThread {
    /// Starts the thread, which runs a loop on a virtual clock.
    pub fn new() -> LoopThread {
        todo!("build it")
    }

    /// Starts a coroutine and goes on.
    pub fn start<F>(&mut self, make: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = Result<()>> + 'static,
    {
        let _ = make;
        todo!("build it")
    }

    /// Runs a coroutine and waits for its result.
    pub fn call<T, F>(&self, make: impl FnOnce() -> F + Send + 'static) -> Result<T>
    where
        T: Clone + Send + 'static,
        F: Future<Output = Result<T>> + 'static,
    {
        let _ = make;
        todo!("build it")
    }

    /// Waits for everything that was started and for the thread, and gives the first error.
    pub fn close(self) -> Result<()> {
        todo!("build it")
    }
}
