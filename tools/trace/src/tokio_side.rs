//! The same record of a program on Tokio: futures are wrapped, and tell when they are polled, woken, ready and dropped.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use asyncio::observe::{Actor, Awaited, Event, Kind, Place, Position, Time};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::recording::{Clock, Library, MOST_EVENTS, Record, Run, TooManyEvents};
use crate::spill::Spill;

mod traced;

pub use traced::Traced;

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
    /// The tasks that have not ended, and whether somebody asked them to.
    alive: HashMap<u64, bool>,
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
        if self.spill.as_ref().is_some_and(|spill| spill.is_over()) {
            return;
        }
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
        let event = Event {
            time: Time(time),
            by,
            kind,
            at,
        };
        let record = Record { event, thread };
        match &self.spill {
            Some(spill) => {
                let clock = state.clock;
                let run = *state
                    .run
                    .get_or_insert_with(|| spill.begin(clock, Library::Tokio));
                spill.write(run, record);
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
            alive: HashMap::new(),
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
            until: until.map(|until| Time(until - start)),
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

    /// Records that the task of this number is asked to end, unless it has ended.
    pub fn cancels(&self, task: u64, at: Place) {
        match self.shared.state().alive.get_mut(&task) {
            Some(asked) => *asked = true,
            None => return,
        }
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
        self.traced_at(name, future, Some(Location::caller()))
    }

    /// As [`Tracer::traced`], for a future that was made at this place, or at one that nobody knows.
    pub fn traced_at<F: Future>(
        &self,
        name: impl Into<String>,
        future: F,
        at: Option<Place>,
    ) -> Traced<F> {
        let mut state = self.shared.state();
        state.tasks += 1;
        let task = state.tasks;
        state.alive.insert(task, false);
        drop(state);
        let created = Kind::TaskCreated {
            task,
            name: name.into(),
        };
        self.shared.record(created, at);
        Traced::new(future, task, self.shared.clone())
    }

    /// As [`Tracer::traced`], for a future that goes straight to a runtime: its first poll is due.
    #[track_caller]
    pub fn spawned<F: Future>(&self, name: impl Into<String>, future: F) -> Traced<F> {
        let traced = self.traced(name, future);
        traced.wakes();
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
