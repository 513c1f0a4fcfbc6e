//! The event loop: a queue of what is ready, timers in the order of their deadlines, and the operating system's poller.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::callback::{Callback, Stage};
use crate::error::{Error, NoRunningLoop, Result, RunError};
use crate::executor::Pool;
use crate::list::List;
use crate::observe::{self, Actor, Kind, Observer, Place, Time};
use crate::on_drop::OnDrop;
use crate::poller::Poller;
use crate::remote::Remote;
use crate::task::Driven;
use crate::timers::{Clock, Timers};

/// How many callbacks and steps run before a busy loop looks at the operating system again.
///
/// asyncio looks once per pass; a system call per pass would cost more than most passes do.
const POLL_AFTER: usize = 64;

/// What waits in the ready queue: one queue for both, so that callbacks and tasks keep one order.
pub(crate) enum Ready {
    Callback(Rc<dyn Callback>),
    Step(Rc<dyn Driven>),
}

/// The hash of a task's number is the number: they come one after another, so they spread by themselves. The standard library's
/// own hash takes the trouble to withstand numbers chosen by an enemy, and here nobody chooses them.
#[derive(Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only numbers are hashed")
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Takes what happened, and the error if there was one; gives an error of its own.
type ExceptionHandler = Rc<dyn Fn(String, Option<Error>) -> Option<Error>>;

/// The loop itself, behind every [`EventLoop`] handle.
///
/// Invariant: no `RefCell` in here is borrowed while a callback, a task or a destructor of theirs runs.
#[derive(Default)]
pub(crate) struct Core {
    pub(crate) remote: Arc<Remote>,
    /// What runs next, first in, first out.
    pub(crate) ready: RefCell<VecDeque<Ready>>,
    pub(crate) timers: RefCell<Timers>,
    /// Every task that has not ended, by number. The loop keeps them: nobody has to hold a handle.
    pub(crate) tasks: RefCell<HashMap<u64, Rc<dyn Driven>, BuildHasherDefault<NumberHasher>>>,
    /// Numbers the tasks; no number is used twice.
    pub(crate) tasks_made: Cell<u64>,
    /// The task whose step is running.
    current: RefCell<Option<Rc<dyn Driven>>>,
    pub(crate) clock: Clock,
    pub(crate) poller: Poller,
    since_poll: Cell<usize>,
    /// The threads of the executor, once there was a job for them.
    pub(crate) pool: RefCell<Option<Pool>>,
    /// Promises whose values are made on other threads: a promise stays here, and its ticket travels.
    pub(crate) parked: RefCell<List<Box<dyn Any>>>,
    /// True once a handle for other threads exists: then a loop with nothing to do may still get work.
    pub(crate) reachable: Cell<bool>,
    pub(crate) stopping: Cell<bool>,
    pub(crate) closed: Cell<bool>,
    /// Hears of errors that nobody else will see; see `report`.
    pub(crate) exception_handler: RefCell<Option<ExceptionHandler>>,
    pub(crate) debug: Cell<bool>,
    /// `None` stands for asyncio's own: 100 ms.
    pub(crate) slow_callback_duration: Cell<Option<Duration>>,
    pub(crate) observer: Observer,
}

/// Calls a function that is seldom called, and so keeps its code out of the way of what always runs.
#[cold]
pub(crate) fn seldom<R>(function: impl FnOnce() -> R) -> R {
    function()
}

thread_local! {
    /// The loop that is running on this thread.
    pub(crate) static RUNNING: RefCell<Option<Rc<Core>>> = const { RefCell::new(None) };
}

impl Core {
    /// Calls `f` with the loop that is running on this thread.
    ///
    /// `f` must not begin or end a run: `RUNNING` is still borrowed.
    pub(crate) fn with_running<R>(f: impl FnOnce(&Rc<Core>) -> R) -> Option<R> {
        RUNNING.try_with(|running| running.borrow().as_ref().map(f)).ok()?
    }

    /// Calls `f` with the running loop and the task whose step is running, under the same condition.
    pub(crate) fn with_current<R>(f: impl FnOnce(&Rc<Core>, &Rc<dyn Driven>) -> R) -> Option<R> {
        Core::with_running(|core| {
            let task = core.current.borrow();
            task.as_ref().map(|task| f(core, task))
        })?
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Panics on the misuse of a closed loop.
    #[track_caller]
    pub(crate) fn assert_open(&self) {
        assert!(!self.closed.get(), "{}", RunError::Closed);
    }

    /// Appends a callback to the ready queue, behind what other threads have sent before. A closed loop drops it.
    pub(crate) fn push_callback(&self, callback: Rc<dyn Callback>, at: Option<Place>) {
        self.make_remote_calls();
        self.enqueue(callback, at);
    }

    /// Appends a callback whose place is right here: what another thread has sent is taken in the order in which it was sent.
    pub(crate) fn enqueue(&self, callback: Rc<dyn Callback>, at: Option<Place>) {
        if self.closed.get() {
            return;
        }
        self.tell(at, |names| Kind::CallbackScheduled {
            callback: names.callback(&*callback),
            name: observe::last_function(callback.about().name).into(),
        });
        callback.about().stage.set(Stage::Ready);
        self.ready.borrow_mut().push_back(Ready::Callback(callback));
    }

    /// Appends the next step of a task to the ready queue, unless it is there.
    pub(crate) fn schedule_step(&self, task: Rc<dyn Driven>) {
        self.make_remote_calls();
        self.enqueue_step(task);
    }

    /// Appends the next step of a task right here, as `enqueue` does a callback.
    pub(crate) fn enqueue_step(&self, task: Rc<dyn Driven>) {
        let state = task.state();
        if !state.scheduled.replace(true) {
            self.tell(None, |_| Kind::Woken { task: state.number });
            self.ready.borrow_mut().push_back(Ready::Step(task));
        }
    }

    /// Lets go of a task that has ended, or is discarded.
    pub(crate) fn release(&self, number: u64) {
        let _released = self.tasks.borrow_mut().remove(&number);
    }

    pub(crate) fn task(&self, number: u64) -> Option<Rc<dyn Driven>> {
        self.tasks.borrow().get(&number).cloned()
    }

    // ANCHOR: run_once
    /// Makes one pass: wait if there is nothing to do, expire timers,
    /// then run what is ready now.
    ///
    /// What a callback or a step schedules runs in the next pass.
    pub(crate) fn run_once(self: &Rc<Self>) -> Result<(), RunError> {
        self.make_remote_calls();
        if self.ready.borrow().is_empty() && !self.stopping.get() {
            self.wait()?;
            self.make_remote_calls();
        } else if self.since_poll.get() >= POLL_AFTER && self.poller.has_sources() {
            self.poll(Some(Duration::ZERO));
        }
        self.expire_timers();
        let batch = self.ready.borrow().len();
        for _ in 0..batch {
            let next = self.ready.borrow_mut().pop_front();
            if let Some(ready) = next {
                self.run_ready(ready);
            }
        }
        self.since_poll.set(self.since_poll.get() + batch);
        self.tell_pass();
        Ok(())
    }
    // ANCHOR_END: run_once

    fn expire_timers(&self) {
        let Some(now) = self.timers.borrow_mut().next_deadline().map(|_| self.now()) else { return };
        let next = || self.timers.borrow_mut().pop_due(now);
        while let Some(callback) = next() {
            self.tell(None, |names| Kind::TimerFired { callback: names.callback(&*callback) });
            callback.about().stage.set(Stage::Ready);
            self.ready.borrow_mut().push_back(Ready::Callback(callback));
        }
    }

    // ANCHOR: run_ready
    /// Runs one callback or one step of a task.
    ///
    /// This is the only place where either is called.
    fn run_ready(self: &Rc<Self>, ready: Ready) {
        self.begin_turn(&ready);
        let _turn = OnDrop(|| self.end_turn());
        let watch = self.debug.get().then(|| (ready.name(), self.now()));
        match ready {
            Ready::Callback(callback) => {
                callback.about().stage.set(Stage::Idle);
                if let Some(error) = callback.call() {
                    self.report("Exception in callback", Some(error));
                }
            }
            Ready::Step(task) => self.step(task),
        }
        if let Some((name, began)) = watch {
            self.report_slow(&name, self.now() - began);
        }
    }
    // ANCHOR_END: run_ready

    fn step(self: &Rc<Self>, task: Rc<dyn Driven>) {
        *self.current.borrow_mut() = Some(task.clone());
        // Also after a panic, which leaves the loop usable.
        let _step = OnDrop(|| drop(self.current.take()));
        task.step(self);
    }

    /// Makes the calls that other threads have asked for, if any.
    fn make_remote_calls(&self) {
        if self.remote.is_filled() {
            seldom(|| {
                let before = self.act_as(Actor::Thread);
                self.remote.take().into_iter().for_each(|call| call(self));
                self.act_as(before);
            });
        }
    }

    fn poll(&self, timeout: Option<Duration>) {
        self.since_poll.set(0);
        self.poller.wait(&self.remote, timeout);
    }

    /// Sleeps until a deadline, an event, or a call of another thread; a virtual clock jumps to the deadline instead.
    fn wait(&self) -> Result<(), RunError> {
        let deadline = self.timers.borrow_mut().next_deadline();
        self.tell(None, |_| Kind::LoopWaits { until: deadline.map(Time) });
        // Work on another thread takes real time: virtual time stands still until it is done.
        let parked = !self.parked.borrow().is_empty();
        let jumps = self.clock.is_virtual() && !parked;
        let sources = self.poller.has_sources();
        if deadline.is_none() && !parked && !sources && !self.reachable.get() {
            self.report_circle();
            // Who hears of it may have found something to do.
            if self.stopping.get()
                || !self.ready.borrow().is_empty()
                || self.timers.borrow_mut().next_deadline().is_some()
            {
                return Ok(());
            }
            if jumps {
                return Err(RunError::Stalled);
            }
        }
        match deadline {
            // There is nothing to ask the operating system about.
            Some(_) if jumps && !sources => {}
            Some(_) if jumps => self.poll(Some(Duration::ZERO)),
            Some(when) if !self.clock.is_virtual() => self.poll(Some(when.saturating_sub(self.now()))),
            _ => self.poll(None),
        }
        if let Some(when) = deadline.filter(|_| jumps && self.ready.borrow().is_empty()) {
            self.clock.jump_to(when);
        }
        Ok(())
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.close();
    }
}

/// A handle to an event loop: one thread, one queue of what is ready, one heap of timers.
///
/// Clones are handles to the same loop. The loop stays on the thread that made it; [`EventLoop::handle`] gives
/// what other threads may use.
///
/// The last handle takes the loop and its tasks along when it is dropped. A task that keeps a handle of its own loop across an
/// await keeps that loop, and so itself, until it ends or the loop is closed; [`get_running_loop`] gives a handle whenever one is
/// needed.
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
        EventLoop::on(Clock::default())
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
        let mut core = Core::default();
        core.clock = clock;
        let event_loop = EventLoop { core: Rc::new(core) };
        if let Some(hear) = observe::ON_NEW_LOOP.get() {
            hear(&event_loop);
        }
        event_loop
    }

    /// Tells the time on the loop's clock, counted from the moment the loop was made.
    ///
    /// asyncio: `loop.time()`, in seconds.
    pub fn time(&self) -> Duration {
        self.core.now()
    }
}

/// Gives the loop that is running on this thread.
///
/// # Errors
/// Outside a running loop.
///
/// asyncio: `get_running_loop()`.
pub fn get_running_loop() -> Result<EventLoop, NoRunningLoop> {
    Core::with_running(|core| EventLoop { core: core.clone() }).ok_or(NoRunningLoop)
}

/// Gives the running loop to the functions that cannot work without one.
#[track_caller]
pub(crate) fn expect_running_loop() -> EventLoop {
    get_running_loop().unwrap_or_else(|e| panic!("{e}"))
}
