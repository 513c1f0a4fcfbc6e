//! The event loop as a program sees it: the handle, and the functions that find the running loop.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::Core;
use super::observed::announce;
use crate::callback::CallbackOutput;
use crate::clock::Clock;
use crate::error::{Error, NoRunningLoop, Result, RunError};
use crate::events::Event;
use crate::observation::Observation;
use crate::pool::Pool;

/// What the exception handler is told of.
///
/// asyncio: the `context` dictionary of `call_exception_handler`.
#[derive(Clone, Debug)]
pub struct ErrorContext {
    /// What happened, in one sentence.
    pub message: String,
    /// The error, unless the report is a mere warning.
    pub error: Option<Error>,
}

impl std::fmt::Display for ErrorContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.error {
            Some(error) => write!(f, "{}: {error}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// A handle to an event loop: one thread, one queue of what is ready, one heap of timers.
///
/// Clones are handles to the same loop. The loop stays on the thread that made it; [`EventLoop::handle`] gives
/// what other threads may use.
///
/// The last handle takes the loop and its tasks along when it is dropped. A task that keeps a handle of its own loop across an await
/// keeps that loop, and so itself, until it ends or the loop is closed; [`get_running_loop`] gives a handle whenever one is needed.
///
/// asyncio: `AbstractEventLoop`.
///
/// ```
/// use asyncio::EventLoop;
///
/// let event_loop = EventLoop::new();
/// let value = event_loop.run_until_complete(async { Ok(42) });
/// assert_eq!(value.unwrap(), 42);
/// ```
#[derive(Clone)]
pub struct EventLoop {
    pub(crate) core: Rc<Core>,
}

impl Default for EventLoop {
    fn default() -> Self {
        EventLoop::new()
    }
}

impl EventLoop {
    /// Makes a loop on the operating system's monotonic clock.
    ///
    /// asyncio: `new_event_loop()`.
    pub fn new() -> Self {
        EventLoop::on(Clock::Real(Instant::now()))
    }

    /// Makes a loop on simulated time: when nothing is ready the clock jumps to the next deadline.
    ///
    /// A program that sleeps for an hour ends at once, and gives the same trace every time.
    /// asyncio has no public counterpart; its own tests do the same.
    ///
    /// ```
    /// use asyncio::{EventLoop, sleep};
    /// use std::time::Duration;
    ///
    /// let event_loop = EventLoop::with_virtual_clock();
    /// event_loop.run_until_complete(async { Ok(sleep(Duration::from_secs(3600)).await?) }).unwrap();
    /// assert_eq!(event_loop.time(), Duration::from_secs(3600));
    /// ```
    pub fn with_virtual_clock() -> Self {
        EventLoop::on(Clock::Virtual(Cell::new(Duration::ZERO)))
    }

    fn on(clock: Clock) -> Self {
        let event_loop = EventLoop {
            core: Core::new(clock),
        };
        announce(&event_loop);
        event_loop
    }

    /// Tells the time on the loop's clock, counted from the moment the loop was made.
    ///
    /// asyncio: `loop.time()`, in seconds.
    pub fn time(&self) -> Duration {
        self.core.now()
    }

    /// Tells whether the loop's time is simulated.
    pub fn has_virtual_clock(&self) -> bool {
        self.core.clock.is_virtual()
    }

    /// Moves a virtual clock forward without letting anything run, as a blocking call would.
    ///
    /// # Panics
    /// If the loop is on the real clock.
    pub fn advance(&self, by: Duration) {
        assert!(
            self.core.clock.is_virtual(),
            "only a virtual clock can be advanced; make the loop with EventLoop::with_virtual_clock()"
        );
        self.core.clock.jump_to(self.time() + by);
    }

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
        self.core.run_forever()
    }

    /// Lets the loop return at the end of the current pass; before a run, the next run makes exactly one pass.
    ///
    /// asyncio: `loop.stop()`.
    pub fn stop(&self) {
        self.core.stop();
    }

    /// Tells whether the loop is running.
    ///
    /// asyncio: `loop.is_running()`.
    pub fn is_running(&self) -> bool {
        self.core.running.get()
    }

    /// Tells whether the loop was closed.
    ///
    /// asyncio: `loop.is_closed()`.
    pub fn is_closed(&self) -> bool {
        self.core.is_closed()
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

    /// Counts the timers that are set and not cancelled.
    pub fn timer_count(&self) -> usize {
        self.core.timers.borrow().live()
    }

    /// Sets what hears of errors that nobody else can see; without one they are printed on standard error.
    ///
    /// These are errors of callbacks, failures of tasks that nobody looked at, and the warnings of debug mode.
    /// An error that the handler itself returns is printed, and the loop goes on.
    /// asyncio: `loop.set_exception_handler(handler)`.
    pub fn set_exception_handler<R: CallbackOutput>(
        &self,
        handler: impl Fn(&ErrorContext) -> R + 'static,
    ) {
        let handler = move |context: &ErrorContext| handler(context).into_error();
        *self.core.exception_handler.borrow_mut() = Some(Rc::new(handler));
    }

    /// Sets what hears of everything that happens on this loop: see [`observe`](crate::observe).
    ///
    /// Set it before the first task, queue and lock: what was made before is not told of. Another one takes its place.
    /// The observer is called in the middle of things, so it must only take notes: it must not use the loop, and it must not keep
    /// it.
    ///
    /// asyncio has no counterpart; its debug mode logs some of this.
    pub fn set_observer(&self, observer: impl Fn(&Event) + 'static) {
        let replaced = self
            .core
            .observation
            .replace(Some(Rc::new(Observation::new(observer))));
        drop(replaced);
        self.core.look_at_plainness();
    }

    /// Turns debug mode on or off: a callback or a step that takes long on the loop's clock is reported.
    ///
    /// asyncio: `loop.set_debug(enabled)`.
    pub fn set_debug(&self, enabled: bool) {
        self.core.debug.set(enabled);
        self.core.look_at_plainness();
    }

    /// Sets from which duration on debug mode reports a callback; 100 ms at first.
    ///
    /// asyncio: `loop.slow_callback_duration`.
    pub fn set_slow_callback_duration(&self, duration: Duration) {
        self.core.slow_callback_duration.set(duration);
    }

    pub(crate) fn set_reachable(&self) {
        self.core.reachable.set(true);
    }

    pub(crate) fn install_pool(&self, pool: Pool) {
        let replaced = self.core.pool.replace(Some(pool));
        assert!(
            replaced.is_none(),
            "set the number of threads before the first job"
        );
    }

    /// Waits for the jobs that run, and ends the threads.
    pub(crate) fn shut_pool(&self) {
        let pool = self.core.pool.take();
        if let Some(pool) = pool {
            pool.shutdown_and_wait();
        }
    }

    pub(crate) fn with_pool<R>(&self, f: impl FnOnce(&Pool) -> R) -> R {
        let mut pool = self.core.pool.borrow_mut();
        f(pool.get_or_insert_with(Pool::new))
    }
}

/// Gives the loop that is running on this thread.
///
/// # Errors
/// Outside a running loop.
///
/// asyncio: `get_running_loop()`.
#[inline]
pub fn get_running_loop() -> Result<EventLoop, NoRunningLoop> {
    Core::running()
        .map(|core| EventLoop { core })
        .ok_or(NoRunningLoop)
}

/// Gives the running loop to the functions that cannot work without one.
#[track_caller]
#[inline]
pub(crate) fn expect_running_loop() -> EventLoop {
    get_running_loop().unwrap_or_else(|e| panic!("{e}"))
}
