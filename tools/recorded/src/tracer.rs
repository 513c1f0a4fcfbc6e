//! The record of the tasks of Tokio: futures are wrapped, and tell when they are polled, woken, ready and dropped.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use ::tokio::runtime::Handle;
use ::tokio::time::Instant;
use asyncio::observe::{Actor, Awaited, Event, Kind, Place, Position, Time};
use asyncio_trace::spill::Spill;
use asyncio_trace::{Clock, Library, Record};

mod traced;

pub(crate) use traced::Traced;

thread_local! {
    /// The traced task that this thread polls.
    static POLLED: RefCell<Option<Polled>> = const { RefCell::new(None) };
}

/// A traced task during its step.
struct Polled {
    task: u64,
    tracer: &'static Tracer,
    /// What the task has said in this step that it waits for, and where, unless that has ended meanwhile.
    waits: Vec<(Awaited, Place)>,
    /// The call whose future it polls just now.
    at: Option<Place>,
}

/// Notes what the running task waits for; to be called in each poll that does not end the wait.
///
/// It is recorded at the end of the step: what is dropped before that is waited for no more, as with a limit that is over.
pub(crate) fn awaits(on: Awaited, at: Place) {
    with_waits(|waits| waits.push((on, at)));
}

/// Takes back what the running task has said, because this is dropped.
pub(crate) fn awaits_no_more(on: &Awaited) {
    with_waits(|waits| waits.retain(|(other, _)| other != on));
}

fn with_waits(change: impl FnOnce(&mut Vec<(Awaited, Place)>)) {
    // What is dropped when a thread ends may come after the thread's own memory.
    let _ = POLLED.try_with(|polled| polled.borrow_mut().as_mut().map(|polled| change(&mut polled.waits)));
}

/// The traced task that this thread polls, if it polls one, and the call whose future that one polls.
fn polled() -> Option<(u64, Option<Place>)> {
    let polled = |polled: &RefCell<Option<Polled>>| {
        let polled = polled.borrow();
        let polled = polled.as_ref()?;
        Some((polled.task, polled.at))
    };
    // A thread that ends may wake others when its own memory is gone already.
    POLLED.try_with(polled).ok().flatten()
}

/// Polls the future of a call at this place, which is then the place of what comes of it, such as that another task is woken.
pub(crate) fn polling<T>(at: Place, poll: impl FnOnce() -> T) -> T {
    let before = poll_at(Some(at));
    let polled = poll();
    poll_at(before);
    polled
}

/// Puts a place in the stead of the one before.
fn poll_at(at: Option<Place>) -> Option<Place> {
    POLLED.with_borrow_mut(|polled| std::mem::replace(&mut polled.as_mut()?.at, at))
}

struct State {
    clock: Clock,
    tasks: u64,
    /// The tasks that have not ended, and whether somebody asked them to.
    alive: HashMap<u64, bool>,
    promises: u64,
    /// The moment of the first event, inside the runtime if time is virtual; from it time is counted.
    start: Option<Instant>,
    /// The time of the last event.
    last: Duration,
    threads: HashMap<ThreadId, Arc<str>>,
    /// The number of the run in the file.
    run: Option<u64>,
}

impl State {
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

/// Records tasks of Tokio, all of a program as one run.
///
/// Simplification: it lives as long as the process, as the only one of a program does anyway.
pub(crate) struct Tracer {
    state: Mutex<State>,
    spill: Arc<Spill>,
}

impl Tracer {
    /// Makes a tracer that writes each event to the file as it happens.
    pub(crate) fn new(spill: Arc<Spill>) -> Self {
        let state = State {
            clock: Clock::Real,
            tasks: 0,
            alive: HashMap::new(),
            promises: 0,
            start: None,
            last: Duration::ZERO,
            threads: HashMap::new(),
            run: None,
        };
        Tracer { state: Mutex::new(state), spill }
    }

    /// Gives the tracer of the traced task that this thread polls.
    pub(crate) fn running() -> Option<&'static Tracer> {
        POLLED.with_borrow(|polled| Some(polled.as_ref()?.tracer))
    }

    /// Says whether the runtime's time is paused, which is known later than the tracer; to be called before the first event.
    pub(crate) fn set_clock(&self, clock: Clock) {
        self.state().clock = clock;
    }

    /// Records what the running task makes for itself to wait for, and gives its number; `label` is one of the schema's.
    pub(crate) fn promise(&self, label: &'static str, until: Option<Instant>, at: Place) -> u64 {
        let mut state = self.state();
        state.promises += 1;
        let promise = state.promises;
        let start = *state.start.get_or_insert_with(Instant::now);
        drop(state);
        let created =
            Kind::PromiseCreated { promise, label: label.into(), until: until.map(|until| Time(until - start)) };
        self.record(created, Some(at));
        promise
    }

    /// Records that the task of this number is asked to end, unless it has ended.
    pub(crate) fn cancels(&self, task: u64, at: Place) {
        match self.state().alive.get_mut(&task) {
            Some(asked) => *asked = true,
            None => return,
        }
        let message = None;
        self.record(Kind::CancelRequested { task, message }, Some(at));
    }

    /// Marks a line of the program: the text becomes an event of the task that runs.
    #[track_caller]
    pub(crate) fn note(&self, text: String) {
        self.record(Kind::Note { text }, Some(Location::caller()));
    }

    /// Wraps a future that was made at this place, or at one that nobody knows: its polls, its wake-ups, its end and its drop are
    /// recorded under a name.
    pub(crate) fn traced<F: Future>(&'static self, name: impl Into<String>, future: F, at: Option<Place>) -> Traced<F> {
        Traced::new(future, self.created(name.into(), at), self)
    }

    /// Numbers a task, and records that there is one.
    fn created(&self, name: String, at: Option<Place>) -> u64 {
        let mut state = self.state();
        state.tasks += 1;
        let task = state.tasks;
        state.alive.insert(task, false);
        drop(state);
        self.record(Kind::TaskCreated { task, name }, at);
        task
    }

    /// As [`Tracer::traced`], for a future that goes straight to a runtime: its first poll is due.
    #[track_caller]
    pub(crate) fn spawned<F: Future>(&'static self, name: impl Into<String>, future: F) -> Traced<F> {
        let traced = self.traced(name, future, Some(Location::caller()));
        traced.wakes();
        traced
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, kind: Kind, at: Option<Place>) {
        if self.spill.is_over() {
            return;
        }
        let inside = Handle::try_current().is_ok();
        let (by, here) = match polled() {
            Some((task, here)) => (Actor::Task(task), here),
            None if inside => (Actor::Loop, None),
            None => (Actor::Outside, None),
        };
        let mut state = self.state();
        // Looked at while nobody else records, so that events of several threads come in the order of their times.
        let now = Instant::now();
        let time = match state.clock {
            // Outside the runtime only the system's own clock can be read; virtual time stands still there.
            Clock::Virtual if !inside => state.last,
            Clock::Virtual | Clock::Real => now - *state.start.get_or_insert(now),
        };
        // The clocks of two runtimes may disagree.
        let time = time.max(state.last);
        state.last = time;
        let thread = Some(state.thread());
        let event = Event { time: Time(time), by, kind, at: at.or(here).map(Position::from) };
        let clock = state.clock;
        let begin = || self.spill.begin(clock, Library::Tokio);
        let run = *state.run.get_or_insert_with(begin);
        self.spill.write(run, Record { event, thread });
    }
}

#[cfg(test)]
mod tests;
