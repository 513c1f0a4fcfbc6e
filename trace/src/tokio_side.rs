//! The same record of a program on Tokio: futures are wrapped, and tell when they are polled, woken, ready and dropped.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use asyncio::observe::{Actor, Awaited, Event, Kind, Outcome, Place, Position};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::recording::{Clock, Library, MOST_EVENTS, Record, Run, TooManyEvents};
use crate::spill::Spill;

thread_local! {
    /// The traced task that this thread polls.
    static POLLED: RefCell<Option<Polled>> = const { RefCell::new(None) };
}

/// A traced task during its step.
struct Polled {
    task: u64,
    shared: Arc<Shared>,
    /// True once the task has said what it waits for.
    told: bool,
}

/// The traced task that this thread polls, if it polls one.
fn polled() -> Option<u64> {
    // A thread that ends may wake others when its own memory is gone already.
    let task = POLLED.try_with(|polled| Some(polled.borrow().as_ref()?.task));
    task.ok().flatten()
}

struct State {
    clock: Clock,
    records: Vec<Record>,
    overflown: bool,
    tasks: u64,
    promises: u64,
    /// The moment of the first event, inside the runtime if time is virtual; from it time is counted.
    start: Option<Instant>,
    /// The time of the last event.
    last: Duration,
    threads: HashMap<ThreadId, Arc<str>>,
    /// The number of the run in the file that it is written to.
    run: Option<u64>,
}

struct Shared {
    state: Mutex<State>,
    most: usize,
    /// Where events go that are not kept.
    spill: Option<Arc<Spill>>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, kind: Kind, at: Option<Place>) {
        let inside = Handle::try_current().is_ok();
        let by = match polled() {
            Some(task) => Actor::Task(task),
            None if inside => Actor::Loop,
            None => Actor::Outside,
        };
        let mut state = self.state();
        // Looked at while nobody else records, so that events of several threads come in the order of their times.
        let now = Instant::now();
        if state.records.len() >= self.most {
            state.overflown = true;
            return;
        }
        let time = match state.clock {
            // Outside the runtime only the system's own clock can be read; virtual time stands still there.
            Clock::Virtual if !inside => state.last,
            Clock::Virtual | Clock::Real => now - *state.start.get_or_insert(now),
        };
        // The clocks of two runtimes may disagree.
        let time = time.max(state.last);
        state.last = time;
        let thread = Some(state.thread());
        let at = at.map(Position::from);
        let event = Event { time, by, kind, at };
        let record = Record { event, thread };
        match &self.spill {
            Some(spill) => {
                let clock = state.clock;
                let run = *state
                    .run
                    .get_or_insert_with(|| spill.begin(clock, Library::Tokio));
                spill.write(run, &record);
            }
            None => state.records.push(record),
        }
    }
}

impl State {
    fn new(clock: Clock) -> Self {
        State {
            clock,
            records: Vec::new(),
            overflown: false,
            tasks: 0,
            promises: 0,
            start: None,
            last: Duration::ZERO,
            threads: HashMap::new(),
            run: None,
        }
    }

    /// Names the current thread: Tokio calls all its workers the same, so they are numbered in the order in which they appear.
    fn thread(&mut self) -> Arc<str> {
        let current = thread::current();
        let number = self.threads.len() + 1;
        self.threads
            .entry(current.id())
            .or_insert_with(|| {
                let kind = match current.name() {
                    Some(name) if name.starts_with("tokio") => "worker",
                    _ => "thread",
                };
                format!("{kind} {number}").into()
            })
            .clone()
    }
}

/// Records tasks of Tokio. Clones record into the same run.
///
/// ```
/// use asyncio_trace::{Clock, Trace, Tracer};
/// use std::time::Duration;
///
/// let tracer = Tracer::new(Clock::Virtual);
/// let runtime = tokio::runtime::Builder::new_current_thread()
///     .enable_time()
///     .start_paused(true)
///     .build()
///     .unwrap();
/// let tea = tracer.clone();
/// runtime.block_on(tracer.traced("main", async move {
///     tea.spawn("tea", tokio::time::sleep(Duration::from_secs(1))).await.unwrap();
/// }));
/// let trace = Trace::of(tracer.finish("one tea").unwrap());
/// assert!(trace.timeline(60).contains("tea"));
/// ```
#[derive(Clone)]
pub struct Tracer {
    shared: Arc<Shared>,
}

impl Tracer {
    /// Makes a tracer; `clock` says whether the runtime's time is paused.
    pub fn new(clock: Clock) -> Self {
        Tracer::with_most(clock, MOST_EVENTS)
    }

    /// Makes a tracer that keeps at most so many events.
    pub fn with_most(clock: Clock, most: usize) -> Self {
        Tracer {
            shared: Arc::new(Shared {
                state: Mutex::new(State::new(clock)),
                most,
                spill: None,
            }),
        }
    }

    /// Makes a tracer that writes each event to the file as it happens, and keeps none.
    pub fn spilling(clock: Clock, spill: Arc<Spill>) -> Self {
        Tracer {
            shared: Arc::new(Shared {
                state: Mutex::new(State::new(clock)),
                most: usize::MAX,
                spill: Some(spill),
            }),
        }
    }

    /// Gives the tracer of the traced task that this thread polls.
    pub fn running() -> Option<Tracer> {
        POLLED.with(|polled| {
            let shared = polled.borrow().as_ref()?.shared.clone();
            Some(Tracer { shared })
        })
    }

    /// Records what the running task makes for itself to wait for, and gives its number; `label` is one of the schema's.
    pub fn promise(&self, label: &'static str, until: Option<Instant>, at: Place) -> u64 {
        let mut state = self.shared.state();
        state.promises += 1;
        let promise = state.promises;
        let start = *state.start.get_or_insert_with(Instant::now);
        drop(state);
        let created = Kind::PromiseCreated {
            promise,
            label: label.into(),
            until: until.map(|until| until - start),
        };
        self.shared.record(created, Some(at));
        promise
    }

    /// Records what the running task waits for; to be called in each poll that does not end the wait.
    pub fn awaits(&self, on: Awaited, at: Option<Place>) {
        let task = POLLED.with(|polled| {
            let mut polled = polled.borrow_mut();
            let polled = polled.as_mut()?;
            polled.told = true;
            Some(polled.task)
        });
        if let Some(task) = task {
            self.shared.record(Kind::Awaits { task, on }, at);
        }
    }

    /// Records that the task of this number is asked to end.
    pub fn cancels(&self, task: u64, at: Place) {
        let message = None;
        self.shared
            .record(Kind::CancelRequested { task, message }, Some(at));
    }

    /// Says whether the runtime's time is paused, if that is known later than the tracer; to be called before the first event.
    pub fn set_clock(&self, clock: Clock) {
        self.shared.state().clock = clock;
    }

    /// Marks a line of the program: the text becomes an event of the task that runs.
    #[track_caller]
    pub fn note(&self, text: impl Into<String>) {
        let text = text.into();
        self.shared
            .record(Kind::Note { text }, Some(Location::caller()));
    }

    /// Wraps a future: its polls, its wake-ups, its end and its drop are recorded under a name.
    #[track_caller]
    pub fn traced<F: Future>(&self, name: impl Into<String>, future: F) -> Traced<F> {
        let mut state = self.shared.state();
        state.tasks += 1;
        let task = state.tasks;
        drop(state);
        let created = Kind::TaskCreated {
            task,
            name: name.into(),
        };
        self.shared.record(created, Some(Location::caller()));
        Traced {
            future: Some(Box::pin(future)),
            task,
            shared: self.shared.clone(),
            scheduled: Arc::new(AtomicBool::new(false)),
        }
    }

    /// As [`Tracer::traced`], for a future that goes straight to a runtime: its first poll is due.
    #[track_caller]
    pub fn spawned<F: Future>(&self, name: impl Into<String>, future: F) -> Traced<F> {
        let traced = self.traced(name, future);
        traced.scheduled.store(true, Ordering::Relaxed);
        let task = traced.task;
        self.shared.record(Kind::Woken { task }, None);
        traced
    }

    /// Wraps a future and spawns it on the current runtime.
    #[track_caller]
    pub fn spawn<F>(&self, name: impl Into<String>, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        tokio::spawn(self.spawned(name, future))
    }

    /// Gives what was recorded so far, and begins anew.
    ///
    /// # Errors
    /// If there was more than the tracer keeps.
    pub fn finish(&self, title: impl Into<String>) -> Result<Run, TooManyEvents> {
        let mut state = self.shared.state();
        let clock = state.clock;
        let state = std::mem::replace(&mut *state, State::new(clock));
        if state.overflown {
            return Err(TooManyEvents {
                most: self.shared.most,
            });
        }
        Ok(Run {
            title: title.into(),
            clock,
            library: Library::Tokio,
            source: None,
            records: state.records,
        })
    }
}

/// Tells of a wake-up and passes it on.
struct TracedWaker {
    inner: Waker,
    task: u64,
    shared: Arc<Shared>,
    /// True from a wake-up to the next poll: only the first of several is an event.
    scheduled: Arc<AtomicBool>,
}

impl Wake for TracedWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.scheduled.swap(true, Ordering::AcqRel) {
            self.shared.record(Kind::Woken { task: self.task }, None);
        }
        self.inner.wake_by_ref();
    }
}

/// A future whose life is recorded: see [`Tracer::traced`].
///
/// Each poll makes a waker of its own, which costs an allocation; a recording is not for measuring.
#[must_use = "futures do nothing unless awaited"]
pub struct Traced<F: Future> {
    /// `None` once it is ready.
    future: Option<Pin<Box<F>>>,
    pub(crate) task: u64,
    shared: Arc<Shared>,
    scheduled: Arc<AtomicBool>,
}

impl<F: Future> Traced<F> {
    /// Gives the number of its task.
    pub fn task(&self) -> u64 {
        self.task
    }
}

impl<F: Future> Future for Traced<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        /// Records the end of the step and gives the thread back to whoever polls, also after a panic.
        struct Step<'a>(Option<Polled>, &'a Shared, u64);
        impl Drop for Step<'_> {
            fn drop(&mut self) {
                self.1.record(Kind::StepEnd { task: self.2 }, None);
                POLLED.set(self.0.take());
            }
        }
        let this = &mut *self;
        let task = this.task;
        let future = this.future.as_mut().expect("polled after it was ready");
        this.scheduled.store(false, Ordering::Release);
        let waker = Waker::from(Arc::new(TracedWaker {
            inner: cx.waker().clone(),
            task,
            shared: this.shared.clone(),
            scheduled: this.scheduled.clone(),
        }));
        let polled = Polled {
            task,
            shared: this.shared.clone(),
            told: false,
        };
        let step = Step(POLLED.replace(Some(polled)), &this.shared, task);
        this.shared.record(Kind::StepBegin { task }, None);
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_ready() {
            this.future = None;
            let outcome = Outcome::Result;
            this.shared.record(Kind::TaskDone { task, outcome }, None);
        } else if !POLLED.with(|polled| polled.borrow().as_ref().is_some_and(|polled| polled.told))
        {
            let on = Awaited::Foreign;
            this.shared.record(Kind::Awaits { task, on }, None);
        }
        drop(step);
        polled
    }
}

impl<F: Future> Drop for Traced<F> {
    fn drop(&mut self) {
        if self.future.is_some() {
            let task = self.task;
            self.shared.record(Kind::TaskDropped { task }, None);
        }
    }
}
