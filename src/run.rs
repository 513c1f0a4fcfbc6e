//! Running a loop: until it is stopped, until something is done, or a whole program from beginning to end.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::{Panicked, Result, RunError};
use crate::event_loop::{Core, EventLoop, RUNNING};
use crate::observe::Actor;
use crate::on_drop::OnDrop;
use crate::promise::Promise;
use crate::task::Awaitable;
use crate::task_handle::AnyTask;

impl Core {
    /// Says why the loop cannot run now, if it cannot.
    fn check_runnable(self: &Rc<Self>) -> Result<(), RunError> {
        match Core::with_running(|running| Rc::ptr_eq(running, self)) {
            _ if self.closed.get() => Err(RunError::Closed),
            Some(true) => Err(RunError::AlreadyRunning),
            Some(false) => Err(RunError::AnotherLoopRunning),
            None => Ok(()),
        }
    }

    /// Drops everything that was still to come, tasks included.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        // Each is taken out first: destructors may look at the loop. If one of them panics, the next call goes on with the rest.
        drop(self.pool.take());
        drop(self.remote.close());
        drop(self.ready.take());
        drop(self.timers.take());
        for task in self.tasks() {
            task.discard(self);
        }
        drop(self.parked.take());
        self.poller.close();
    }
}

impl EventLoop {
    /// Runs the loop until `stop` is called.
    ///
    /// A panic in a callback or a task leaves this call at once; the rest of the queue stays, and the loop can be run again.
    ///
    /// # Errors
    /// If the loop is closed or running, if another loop runs on this thread, or if a loop on a virtual clock has nothing
    /// left that could wake it.
    ///
    /// asyncio: `loop.run_forever()`.
    pub fn run_forever(&self) -> Result<(), RunError> {
        let core = &self.core;
        core.check_runnable()?;
        RUNNING.set(Some(core.clone()));
        core.act_as(Actor::Loop);
        // However the run ends, by `stop` or by a panic, the loop can be run again.
        let _end = OnDrop(|| {
            core.stopping.set(false);
            core.act_as(Actor::Outside);
            drop(RUNNING.take());
        });
        loop {
            core.run_once()?;
            if core.stopping.get() {
                return Ok(());
            }
        }
    }

    /// Lets the loop return at the end of the current pass; before a run, the next run makes exactly one pass.
    ///
    /// asyncio: `loop.stop()`.
    pub fn stop(&self) {
        self.core.stopping.set(true);
    }

    /// Tells whether the loop is running.
    ///
    /// asyncio: `loop.is_running()`.
    pub fn is_running(&self) -> bool {
        Core::with_running(|running| Rc::ptr_eq(running, &self.core)) == Some(true)
    }

    /// Tells whether the loop was closed.
    ///
    /// asyncio: `loop.is_closed()`.
    pub fn is_closed(&self) -> bool {
        self.core.closed.get()
    }

    /// Closes the loop: what was scheduled is dropped, and nothing can be scheduled again.
    ///
    /// The futures of unfinished tasks are dropped at their await points, so their destructors run, and each is reported to
    /// the exception handler. asyncio leaves them to the garbage collector. Closing twice changes nothing.
    ///
    /// # Errors
    /// If the loop is running.
    ///
    /// asyncio: `loop.close()`.
    pub fn close(&self) -> Result<(), RunError> {
        if self.is_running() {
            return Err(RunError::CloseWhileRunning);
        }
        self.core.close();
        Ok(())
    }

    /// Runs the loop until `awaitable` is done, and gives its result. Other tasks are neither finished nor cancelled.
    ///
    /// # Errors
    /// The error of the awaitable, or a [`RunError`]; a loop that cannot run makes no task of a future.
    ///
    /// asyncio: `loop.run_until_complete(future)`.
    #[track_caller]
    pub fn run_until_complete<A: Awaitable<Value: Clone>>(&self, awaitable: A) -> Result<A::Value> {
        self.core.check_runnable()?;
        let promise = awaitable.ensure_promise(self);
        if !promise.belongs_to(&self.core) {
            return Err(RunError::WrongLoop.into());
        }
        let callback = promise.add_done_callback(move |promise| {
            // A panic has left the run already: this callback must not end another one.
            let panicked = matches!(promise.exception(), Ok(Some(error)) if error.is::<Panicked>());
            if !panicked {
                Core::with_running(|core| core.stopping.set(true));
            }
        });
        let _take_back = OnDrop(|| _ = promise.remove_done_callback(callback));
        self.run_forever()?;
        if promise.is_done() { promise.result() } else { Err(RunError::StoppedBeforeDone.into()) }
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
    pub fn run<T: Clone + 'static>(&self, main: impl Future<Output = Result<T>> + 'static) -> Result<T> {
        self.core.check_runnable()?;
        let result = self.run_until_complete(main);
        let ended = self.wind_down();
        self.close()?;
        ended.and(result)
    }

    fn wind_down(&self) -> Result<()> {
        self.cancel_all_tasks()?;
        // asyncio's loop needs these passes to shut down its generators and its threads: late clean-ups get these turns.
        for _ in 0..4 {
            if !self.core.ready.borrow().is_empty() {
                self.stop();
                self.run_forever()?;
            }
        }
        Ok(self.shut_pool()?)
    }

    /// Cancels every task and runs the loop until all have ended; those that are made meanwhile are left alone.
    ///
    /// No task waits for them, which they could see or cancel: it is a promise.
    fn cancel_all_tasks(&self) -> Result<()> {
        let tasks = self.all_tasks();
        if tasks.is_empty() {
            return Ok(());
        }
        let all_ended = Promise::labelled(&self.core, "shutdown", None);
        let left = Rc::new(Cell::new(tasks.len()));
        for task in &tasks {
            task.cancel();
            let (left, all_ended) = (left.clone(), all_ended.clone());
            task.0.clone().on_done(Box::new(move || {
                left.set(left.get() - 1);
                if left.get() == 0 {
                    all_ended.fill(());
                }
            }));
        }
        match self.run_until_complete(all_ended) {
            // They wait for what never comes; asyncio would wait with them. The loop is closed over them.
            Err(error) if error.downcast_ref() == Some(&RunError::Stalled) => return Ok(()),
            ended => ended?,
        }
        for error in tasks.iter().filter_map(AnyTask::exception) {
            self.core.report("unhandled exception during the shutdown of the loop", Some(error));
        }
        Ok(())
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
