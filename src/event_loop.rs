//! The event loop: a queue of what is ready, a heap of timers, and the operating system's poller.
//!
//! What runs is here; what a program calls is in `api`.

mod api;
mod observed;
mod table;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::callback::Callback;
use crate::clock::Clock;
use crate::error::{Cancelled, Error, Result, RunError};
use crate::events::{Actor, Kind, Place};
use crate::header::{Header, TaskId};
use crate::observation::{OBSERVABLE, Observation};
use crate::poller::Poller;
use crate::pool::Pool;
use crate::remote::{Parcel, Remote};
use crate::timers::Timers;
use table::{Scheduled, TaskTable};

pub(crate) use api::expect_running_loop;
pub use api::{ErrorContext, EventLoop, get_running_loop};
pub(crate) use observed::{observe_running, on_behalf_of, on_behalf_of_run, set_on_new_loop};
pub(crate) use table::Body;

/// How many callbacks run before a busy loop looks at the operating system again.
///
/// asyncio looks once per pass; a system call per pass would cost more than most passes do.
const POLL_AFTER: usize = 64;

/// What waits in the ready queue: one queue for both, so that callbacks and tasks keep one order.
pub(crate) enum Ready {
    Callback(Rc<dyn Callback>),
    Step(TaskId),
}

type ExceptionHandler = Rc<dyn Fn(&ErrorContext) -> Option<Error>>;

/// The loop itself, behind every [`EventLoop`] handle.
///
/// Invariant: no `RefCell` in here is borrowed while a callback, a task or a destructor of theirs runs.
pub(crate) struct Core {
    pub(crate) remote: Arc<Remote>,
    /// What runs next, first in, first out.
    pub(crate) ready: RefCell<VecDeque<Ready>>,
    pub(crate) timers: RefCell<Timers>,
    /// Every task that has not ended. The loop alone keeps them alive; handles merely look.
    pub(crate) tasks: RefCell<TaskTable>,
    /// Numbers the tasks, for their names.
    tasks_made: Cell<u64>,
    /// The task whose step is running.
    current: RefCell<Option<Rc<dyn Body>>>,
    clock: Clock,
    pub(crate) poller: Poller,
    /// The threads of the executor, once there was a job for them.
    pool: RefCell<Option<Pool>>,
    /// Promises whose values are made on other threads: a promise stays here, and its ticket travels.
    parked: RefCell<HashMap<u64, Box<dyn Any>>>,
    next_ticket: Cell<u64>,
    /// True once a handle for other threads exists: then a loop with nothing to do may still get work.
    reachable: Cell<bool>,
    running: Cell<bool>,
    /// Counts the runs, so that what was to end one run does not end the next.
    runs: Cell<u64>,
    stopping: Cell<bool>,
    closed: Cell<bool>,
    since_poll: Cell<usize>,
    exception_handler: RefCell<Option<ExceptionHandler>>,
    pub(crate) observation: RefCell<Option<Rc<Observation>>>,
    /// True of a loop that is open, without an observer and not in debug mode, as nearly all are: all that a hot path asks.
    plain: Cell<bool>,
    debug: Cell<bool>,
    slow_callback_duration: Cell<Duration>,
}

thread_local! {
    /// The loop that is running on this thread.
    static RUNNING: RefCell<Option<Rc<Core>>> = const { RefCell::new(None) };
    /// Every loop that was made on this thread, so that a waker finds its loop between two runs, too.
    static MADE_HERE: RefCell<Vec<Weak<Core>>> = const { RefCell::new(Vec::new()) };
}

impl Core {
    fn new(clock: Clock) -> Rc<Core> {
        static LOOPS: AtomicU64 = AtomicU64::new(0);
        let core = Rc::new(Core {
            remote: Arc::new(Remote::new(LOOPS.fetch_add(1, Ordering::Relaxed))),
            ready: RefCell::default(),
            timers: RefCell::default(),
            tasks: RefCell::default(),
            tasks_made: Cell::new(0),
            current: RefCell::new(None),
            clock,
            poller: Poller::default(),
            pool: RefCell::new(None),
            parked: RefCell::default(),
            next_ticket: Cell::new(0),
            reachable: Cell::new(false),
            running: Cell::new(false),
            runs: Cell::new(0),
            stopping: Cell::new(false),
            closed: Cell::new(false),
            since_poll: Cell::new(0),
            exception_handler: RefCell::new(None),
            observation: RefCell::new(None),
            plain: Cell::new(true),
            debug: Cell::new(false),
            slow_callback_duration: Cell::new(Duration::from_millis(100)),
        });
        MADE_HERE.with_borrow_mut(|made| {
            made.retain(|core| core.strong_count() > 0);
            made.push(Rc::downgrade(&core));
        });
        core
    }

    /// Calls `f` with the loop of that number if it lives on this thread.
    pub(crate) fn on_this_thread<R>(loop_id: u64, f: impl FnOnce(&Rc<Core>) -> R) -> Option<R> {
        let running = RUNNING
            .try_with(|running| {
                let running = running.borrow();
                running
                    .as_ref()
                    .filter(|core| core.remote.loop_id == loop_id)
                    .cloned()
            })
            .ok()?;
        let core = match running {
            Some(core) => core,
            None => MADE_HERE
                .try_with(|made| {
                    made.borrow()
                        .iter()
                        .filter_map(Weak::upgrade)
                        .find(|core| core.remote.loop_id == loop_id)
                })
                .ok()??,
        };
        Some(f(&core))
    }

    /// Calls `f` with the running loop and the task whose step is running.
    ///
    /// `f` must not start or end a run or a step: the look-up is still borrowed.
    #[inline]
    pub(crate) fn with_current<R>(f: impl FnOnce(&Rc<Core>, &Rc<dyn Body>) -> R) -> Option<R> {
        RUNNING
            .try_with(|running| {
                let running = running.borrow();
                let core = running.as_ref()?;
                let current = core.current.borrow();
                current.as_ref().map(|task| f(core, task))
            })
            .ok()?
    }

    /// Calls `f` with the running loop, under the same condition.
    #[inline]
    pub(crate) fn with_running<R>(f: impl FnOnce(&Rc<Core>) -> R) -> Option<R> {
        RUNNING
            .try_with(|running| running.borrow().as_ref().map(f))
            .ok()?
    }

    /// Gives the loop that is running on this thread.
    #[inline]
    pub(crate) fn running() -> Option<Rc<Core>> {
        RUNNING.try_with(|running| running.borrow().clone()).ok()?
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Tells whether somebody may observe the loop.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        OBSERVABLE && !self.plain.get()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    pub(crate) fn current(&self) -> Option<Rc<dyn Body>> {
        self.current.borrow().clone()
    }

    /// Appends a callback to the ready queue. A closed loop drops it.
    #[inline]
    pub(crate) fn push_callback(&self, callback: Rc<dyn Callback>, at: Option<Place>) {
        if self.plain.get() {
            self.ready.borrow_mut().push_back(Ready::Callback(callback));
        } else {
            self.push_watched(callback, at);
        }
    }

    pub(crate) fn set_timer(&self, when: Duration, callback: Rc<dyn Callback>, at: Place) {
        if self.is_watched() {
            self.observe_timer(&callback, when, at);
        }
        self.timers.borrow_mut().insert(when, callback);
    }

    /// Takes a timer back that had not fired.
    #[inline]
    pub(crate) fn cancel_timer(&self, callback: &Rc<dyn Callback>) {
        self.timers.borrow_mut().note_cancelled();
        if self.is_watched() {
            self.observe_cancelled(callback, |callback| Kind::TimerCancelled { callback });
        }
    }

    /// Appends the callback of a timer whose time has come.
    #[inline]
    fn push_expired(&self, callback: Rc<dyn Callback>) {
        let callback = match self.is_watched() {
            true => self.observe_fired(callback),
            false => callback,
        };
        self.ready.borrow_mut().push_back(Ready::Callback(callback));
    }

    /// Appends a task's next step to the ready queue, unless one is there already or the task has ended.
    #[inline]
    pub(crate) fn schedule_step(&self, id: TaskId) {
        let before = self.tasks.borrow_mut().schedule(id);
        match before {
            Scheduled::No => self.ready.borrow_mut().push_back(Ready::Step(id)),
            Scheduled::NoAndWatched if OBSERVABLE => self.push_watched_step(id, None),
            Scheduled::NoAndWatched | Scheduled::Yes => {}
        }
    }

    /// Appends the next step of the task that runs and wants no more than a turn; `at` is for observers.
    #[inline]
    pub(crate) fn schedule_turn(&self, id: TaskId, at: Place) {
        let before = self.tasks.borrow_mut().schedule(id);
        match before {
            Scheduled::No => self.ready.borrow_mut().push_back(Ready::Step(id)),
            Scheduled::NoAndWatched if OBSERVABLE => self.push_watched_step(id, Some(at)),
            Scheduled::NoAndWatched | Scheduled::Yes => {}
        }
    }

    /// Makes the part of a new task that does not depend on its body.
    pub(crate) fn new_header(&self) -> Header {
        let number = self.tasks_made.get() + 1;
        self.tasks_made.set(number);
        let (id, waker) = self.tasks.borrow_mut().reserve(&self.remote);
        Header::new(id, number, waker)
    }

    /// Takes a new task into the table and schedules its first step.
    pub(crate) fn adopt(&self, task: Rc<dyn Body>, at: Place) {
        if self.is_watched() {
            self.observe_created(&*task, at);
        }
        let id = task.header().id;
        self.tasks.borrow_mut().keep_scheduled(id, task);
        self.ready.borrow_mut().push_back(Ready::Step(id));
    }

    /// Lets go of a task that has ended.
    pub(crate) fn release(&self, id: TaskId) {
        let released = self.tasks.borrow_mut().remove(id);
        drop(released);
    }

    /// Keeps a value on the loop's thread while its ticket travels to another one.
    pub(crate) fn park(&self, value: Box<dyn Any>) -> u64 {
        let ticket = self.next_ticket.get();
        self.next_ticket.set(ticket + 1);
        self.parked.borrow_mut().insert(ticket, value);
        ticket
    }

    pub(crate) fn unpark(&self, ticket: u64) -> Option<Box<dyn Any>> {
        self.parked.borrow_mut().remove(&ticket)
    }

    /// Hands an error that nobody else will see to the exception handler.
    pub(crate) fn report(&self, message: impl Into<String>, error: Option<Error>) {
        let context = ErrorContext {
            message: message.into(),
            error,
        };
        if self.is_watched() {
            let message = context.to_string();
            self.observe(|_| Kind::Reported { message }, None);
        }
        let handler = self.exception_handler.borrow().clone();
        match handler {
            Some(handler) => {
                if let Some(error) = handler(&context) {
                    eprintln!("the exception handler failed with \"{error}\" on: {context}");
                }
            }
            None => eprintln!("{context}"),
        }
    }

    pub(crate) fn cancel_task(&self, id: TaskId) {
        let task = self.tasks.borrow_mut().get(id);
        if let Some(task) = task {
            task.request_cancel(&Cancelled::new());
        }
    }

    /// Counts the runs that have begun.
    pub(crate) fn runs(&self) -> u64 {
        self.runs.get()
    }

    pub(crate) fn stop(&self) {
        self.stopping.set(true);
    }

    /// Is called whenever something changes that makes a loop more than plain.
    fn look_at_plainness(&self) {
        let observed = self.observation.borrow().is_some();
        self.plain
            .set(!observed && !self.debug.get() && !self.closed.get());
        self.tasks.borrow_mut().watch(observed);
    }

    /// Panics on the misuse of a closed loop.
    #[track_caller]
    pub(crate) fn assert_open(&self) {
        assert!(!self.closed.get(), "{}", RunError::Closed);
    }

    // ANCHOR: run_once
    /// Makes one pass: wait if there is nothing to do, expire timers,
    /// then run what is ready now.
    ///
    /// What a callback schedules runs in the next pass.
    fn run_once(self: &Rc<Self>) -> Result<(), RunError> {
        self.take_parcels();
        let deadline = self.timers.borrow_mut().next_deadline();
        if self.ready.borrow().is_empty() && !self.stopping.get() {
            self.wait(deadline)?;
            self.take_parcels();
        } else if self.since_poll.get() >= POLL_AFTER && self.poller.has_sources() {
            self.poll(Some(Duration::ZERO));
        }
        if deadline.is_some() {
            let now = self.clock.now();
            let mut timers = self.timers.borrow_mut();
            while let Some(callback) = timers.pop_due(now) {
                self.push_expired(callback);
            }
        }
        let batch = self.ready.borrow().len();
        if self.plain.get() {
            self.run_batch(batch, Core::run_ready);
        } else {
            self.run_batch(batch, Core::run_watched);
            self.observe_pass();
        }
        self.since_poll.set(self.since_poll.get() + batch);
        Ok(())
    }

    /// Runs the next `batch` callbacks and steps, each by `run`.
    #[inline]
    fn run_batch(self: &Rc<Self>, batch: usize, run: impl Fn(&Rc<Self>, Ready)) {
        for _ in 0..batch {
            let Some(ready) = self.ready.borrow_mut().pop_front() else {
                break;
            };
            run(self, ready);
        }
    }
    // ANCHOR_END: run_once

    // ANCHOR: run_ready
    /// Runs one callback or one step of a task.
    ///
    /// This is the only place where either is called.
    #[inline]
    fn run_ready(self: &Rc<Self>, ready: Ready) {
        match ready {
            Ready::Callback(callback) => {
                if let Some(error) = callback.run() {
                    self.report("Exception in callback", Some(error));
                }
            }
            Ready::Step(id) => {
                let task = self.tasks.borrow_mut().begin_step(id);
                if let Some(task) = task {
                    self.step(task);
                }
            }
        }
    }
    // ANCHOR_END: run_ready

    #[inline]
    fn step(self: &Rc<Self>, task: Rc<dyn Body>) {
        /// Forgets the current task however its step ends: a panic leaves the loop usable.
        struct Current<'a>(&'a Core);
        impl Drop for Current<'_> {
            fn drop(&mut self) {
                let task = self.0.current.take();
                drop(task);
            }
        }
        *self.current.borrow_mut() = Some(task.clone());
        let _current = Current(self);
        task.step(self);
    }

    /// Lets a loop make a call in its next pass, whatever thread asks for it.
    pub(crate) fn send(
        remote: &Remote,
        call: impl FnOnce(&Core) + Send + 'static,
    ) -> Result<(), RunError> {
        remote.send(Parcel::Call(Box::new(move || {
            let core = Core::running().expect("parcels are opened in a pass");
            call(&core);
        })))
    }

    fn take_parcels(&self) {
        if self.remote.is_filled() {
            if self.is_watched() {
                self.observe_actor(Actor::Thread);
            }
            for parcel in self.remote.take() {
                match parcel {
                    Parcel::Wake(id) => self.schedule_step(id),
                    Parcel::Call(call) => call(),
                }
            }
            if self.is_watched() {
                self.observe_actor(Actor::Loop);
            }
        }
    }

    fn poll(&self, timeout: Option<Duration>) {
        self.since_poll.set(0);
        self.poller.wait(&self.remote, timeout);
    }

    /// Sleeps until a deadline, an event, or a parcel; a virtual clock jumps to the deadline instead.
    fn wait(&self, deadline: Option<Duration>) -> Result<(), RunError> {
        if self.is_watched() {
            self.observe(|_| Kind::LoopWaits { until: deadline }, None);
        }
        if !self.clock.is_virtual() {
            self.poll(deadline.map(|when| when.saturating_sub(self.clock.now())));
            return Ok(());
        }
        if !self.parked.borrow().is_empty() {
            // Work on another thread takes real time: virtual time stands still until it is done.
            self.poll(None);
            return Ok(());
        }
        if self.poller.has_sources() {
            let blocked = deadline.is_none();
            self.poll(if blocked { None } else { Some(Duration::ZERO) });
            if blocked || !self.ready.borrow().is_empty() {
                return Ok(());
            }
        }
        match deadline {
            Some(when) => self.clock.jump_to(when),
            None if self.reachable.get() => self.poll(None),
            None => return Err(RunError::Stalled),
        }
        Ok(())
    }

    fn run_forever(self: &Rc<Self>) -> Result<(), RunError> {
        /// Ends the run however it ends, by `stop` or by a panic: the loop can be run again.
        struct Run<'a>(&'a Core);
        impl Drop for Run<'_> {
            fn drop(&mut self) {
                self.0.stopping.set(false);
                self.0.running.set(false);
                let core = RUNNING.with_borrow_mut(Option::take);
                if self.0.is_watched() {
                    self.0.observe_actor(Actor::Outside);
                }
                drop(core);
            }
        }
        if self.closed.get() {
            return Err(RunError::Closed);
        }
        if self.running.get() {
            return Err(RunError::AlreadyRunning);
        }
        if RUNNING.with_borrow(Option::is_some) {
            return Err(RunError::AnotherLoopRunning);
        }
        RUNNING.set(Some(self.clone()));
        self.running.set(true);
        self.runs.set(self.runs.get() + 1);
        let _run = Run(self);
        if self.is_watched() {
            self.observe_actor(Actor::Loop);
        }
        loop {
            self.run_once()?;
            if self.stopping.get() {
                return Ok(());
            }
        }
    }

    /// Drops everything that was still to come, tasks included.
    fn close(&self) {
        if self.closed.replace(true) {
            return;
        }
        self.look_at_plainness();
        // Each is taken out first: destructors may look at the loop.
        let pool = self.pool.take();
        drop(pool);
        drop(self.remote.close());
        let ready = self.ready.take();
        drop(ready);
        let timers = self.timers.take();
        drop(timers);
        let mut tasks: Vec<_> = self.tasks.borrow().iter().cloned().collect();
        tasks.sort_by_key(|task| task.header().number);
        for task in tasks {
            task.discard(self);
        }
        let parked = self.parked.take();
        drop(parked);
        self.poller.close();
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.close();
    }
}
