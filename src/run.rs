//! Running a program from beginning to end.

use std::future::Future;
use std::panic::Location;
use std::rc::Rc;

use crate::awaitable::Awaitable;
use crate::error::{Result, RunError};
use crate::event_loop::{EventLoop, on_behalf_of_run};

impl EventLoop {
    /// Runs the loop until `awaitable` is done, and gives its result. Other tasks are neither finished nor cancelled.
    ///
    /// # Errors
    /// The error of the awaitable, or a [`RunError`].
    ///
    /// asyncio: `loop.run_until_complete(future)`.
    #[track_caller]
    pub fn run_until_complete<A: Awaitable>(&self, awaitable: A) -> Result<A::Value>
    where
        A::Value: Clone,
    {
        if self.is_closed() {
            return Err(RunError::Closed.into());
        }
        if self.is_running() {
            return Err(RunError::AlreadyRunning.into());
        }
        let behalf = on_behalf_of_run(&self.core, Location::caller());
        let promise = awaitable.ensure_promise(self);
        drop(behalf);
        if !promise.belongs_to(&self.core) {
            return Err(RunError::WrongLoop.into());
        }
        let this = Rc::downgrade(&self.core);
        let run = self.core.runs() + 1;
        let stop = promise.add_done_callback(move |_| {
            // A panic has left the run already, and this callback is still in the queue.
            if let Some(core) = this.upgrade()
                && core.runs() == run
            {
                core.stop();
            }
        });
        let run = self.run_forever();
        promise.remove_done_callback(stop);
        run?;
        if promise.is_done() {
            promise.result()
        } else {
            Err(RunError::StoppedBeforeDone.into())
        }
    }

    /// Runs a whole program: runs `main`, cancels what is left and waits for it, then closes the loop.
    ///
    /// Jobs that still run on the executor's threads are waited for.
    ///
    /// # Errors
    /// The error of `main`, or a [`RunError`].
    ///
    /// asyncio: `Runner.run` and `Runner.close`.
    #[track_caller]
    pub fn run<T: Clone + 'static>(
        &self,
        main: impl Future<Output = Result<T>> + 'static,
    ) -> Result<T> {
        let result = self.run_until_complete(main);
        if result.as_ref().is_err_and(|e| {
            matches!(
                e.downcast_ref(),
                Some(RunError::AlreadyRunning | RunError::AnotherLoopRunning)
            )
        }) {
            return result;
        }
        self.cancel_all_tasks();
        self.shut_pool();
        self.close()?;
        result
    }

    /// Cancels every task and runs the loop until all have ended.
    fn cancel_all_tasks(&self) {
        let tasks = self.all_tasks();
        for task in &tasks {
            task.cancel();
        }
        let all = tasks.clone();
        let ended = async move {
            for task in all {
                task.ended().await;
            }
            Ok(())
        };
        if tasks.is_empty() || self.run_until_complete(ended).is_err() {
            return;
        }
        for task in tasks {
            if let Some(error) = task.exception() {
                self.core.report(
                    "unhandled exception during the shutdown of the loop",
                    Some(error),
                );
            }
        }
    }
}

/// Runs a whole program on a new loop: see [`EventLoop::run`].
///
/// asyncio: `asyncio.run(main())`.
///
/// ```
/// let value = asyncio::run(async { Ok(6 * 7) });
/// assert_eq!(value.unwrap(), 42);
/// ```
#[track_caller]
pub fn run<T: Clone + 'static>(main: impl Future<Output = Result<T>> + 'static) -> Result<T> {
    EventLoop::new().run(main)
}
