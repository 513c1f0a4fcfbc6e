//! What a loop tells an observer: every task, step, wait, wake-up, callback, timer and cancellation, in order.
//!
//! [`EventLoop::set_observer`](crate::EventLoop::set_observer) takes a function that hears of each [`Event`]. It may be set at any
//! time, and changes nothing: the order of the loop is the same with and without one. What costs what is in the benchmarks.
//!
//! ```
//! use asyncio::observe::Kind;
//! use asyncio::{EventLoop, sleep};
//! use std::cell::RefCell;
//! use std::rc::Rc;
//! use std::time::Duration;
//!
//! let events = Rc::new(RefCell::new(Vec::new()));
//! let heard = events.clone();
//! let event_loop = EventLoop::with_virtual_clock();
//! event_loop.set_observer(move |event| heard.borrow_mut().push(event.kind.clone()));
//! event_loop.run_until_complete(async { Ok(sleep(Duration::from_secs(1)).await?) }).unwrap();
//! assert_eq!(events.borrow()[2], Kind::StepBegin { task: 1 });
//! ```
//!
//! # Places
//! An event names the line of the program that caused it where the compiler tells it for nothing: the calls that run a loop and
//! that make tasks, callbacks and timers, the `.await` of a task or a promise, and the calls of `sleep` and of a queue. A lock, an
//! event and the like are awaited without one; [`note`] marks any other line.
//!
//! # As text
//! Events can be serialised with `serde`, and read back.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::callback::Callback;
use crate::event_loop::{Core, EventLoop, Ready, seldom};
use crate::promise::Promise;
use crate::timers::{self, Timers};
use crate::waiting::{Target, Wait};

/// A line of the program, as the compiler knows it.
pub type Place = &'static Location<'static>;

/// A line of the program, as an event keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The file, as the compiler was told to call it, with `/` between folders on every system.
    pub file: Cow<'static, str>,
    /// The line, counted from 1.
    pub line: u32,
    /// The column, counted from 1.
    pub column: u32,
}

impl From<Place> for Position {
    fn from(place: Place) -> Self {
        Position { file: place.file().replace('\\', "/").into(), line: place.line(), column: place.column() }
    }
}

/// A time on the loop's clock, counted from the moment the loop was made. It is written as whole nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "u64", into = "u64")]
pub struct Time(pub Duration);

impl From<u64> for Time {
    fn from(nanoseconds: u64) -> Self {
        Time(Duration::from_nanos(nanoseconds))
    }
}

impl From<Time> for u64 {
    fn from(Time(time): Time) -> Self {
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Who did something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The code around the loop, before a run or between two.
    #[default]
    Outside,
    /// The step of the task of this number.
    Task(u64),
    /// The callback of this number, which may have been a timer's.
    Callback(u64),
    /// The loop itself: it expires timers, and passes on what the operating system says.
    Loop,
    /// Another thread, whose message the loop has found in its inbox.
    Thread,
}

/// What a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// The end of a task.
    Task(u64),
    /// A promise; its [`Kind::PromiseCreated`] says what for.
    Promise(u64),
    /// The task's next turn, as `yield_now` and a sleep of zero do.
    Turn,
    /// A future of another library.
    Foreign,
}

/// What is in the ready queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Queued {
    /// A step of the task of this number.
    Task(u64),
    /// The callback of this number.
    Callback(u64),
}

/// A timer that is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// The number of its callback.
    pub callback: u64,
    /// The deadline.
    pub when: Time,
}

/// How a task or a promise ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With a value.
    Result,
    /// With an error, whose text this is.
    Exception(String),
    /// It was cancelled.
    Cancelled,
}

/// What happened. Tasks have the numbers of their names; callbacks, promises and queues are numbered from 1 in the order in which
/// the observer first hears of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Kind {
    /// A task was made.
    TaskCreated { task: u64, name: String },
    /// A task was given another name.
    TaskNamed { task: u64, name: String },
    /// A step of a task was put into the ready queue: it was made just now, or woken.
    Woken { task: u64 },
    /// A step of a task begins.
    StepBegin { task: u64 },
    /// The running task waits for something; a task that polls several leaves waits for each.
    Awaits { task: u64, on: Awaited },
    /// The step is over: the task has ended, or waits.
    StepEnd { task: u64 },
    /// A task has ended.
    TaskDone { task: u64, outcome: Outcome },
    /// A task that had not ended was dropped with its loop.
    TaskDropped { task: u64 },
    /// Somebody asked a task to end, and it was not done.
    CancelRequested { task: u64, message: Option<String> },
    /// The body of the task sees the cancellation, at the await where it was suspended.
    CancelDelivered { task: u64 },
    /// A promise was made: for a program, or for a wait that `label` names; a sleep says until when.
    PromiseCreated { promise: u64, label: Cow<'static, str>, until: Option<Time> },
    /// A promise was filled or cancelled.
    PromiseDone { promise: u64, outcome: Outcome },
    /// A callback was put into the ready queue. `name` is the function that it was written in.
    CallbackScheduled { callback: u64, name: Cow<'static, str> },
    /// A callback begins.
    CallbackBegin { callback: u64 },
    /// A callback is over.
    CallbackEnd { callback: u64 },
    /// A callback that waits for its turn was cancelled.
    CallbackCancelled { callback: u64 },
    /// A callback was set for a time.
    TimerSet { callback: u64, name: Cow<'static, str>, when: Time },
    /// The time has come: the callback was put into the ready queue.
    TimerFired { callback: u64 },
    /// A callback that waits for its time was cancelled.
    TimerCancelled { callback: u64 },
    /// An item was put into a queue, which now has `len` of them.
    QueuePut { queue: u64, len: usize },
    /// An item was taken from a queue, which now has `len` of them.
    QueueGet { queue: u64, len: usize },
    /// Nothing is ready: the loop waits, and a virtual clock jumps.
    LoopWaits { until: Option<Time> },
    /// A pass of the loop is over; what is ready now, first to run first, and which timers are set, soonest first.
    PassEnd { pass: u64, ready: Vec<Queued>, timers: Vec<Timer> },
    /// An error or a warning went to the exception handler.
    Reported { message: String },
    /// The program says something: see [`note`].
    Note { text: String },
}

/// Something that happened on a loop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, on the loop's clock.
    #[serde(rename = "t")]
    pub time: Time,
    /// Who did it.
    pub by: Actor,
    /// What it was.
    #[serde(flatten)]
    pub kind: Kind,
    /// The line of the program, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Position>,
}

/// A number by which events name a promise, a callback or a queue; zero until an observer first hears of it.
#[derive(Default)]
pub(crate) struct Number(Cell<u32>);

impl Number {
    /// Gives the number, or the next one of those that were counted so far.
    fn get(&self, counted: &Cell<u32>) -> u64 {
        if self.0.get() == 0 {
            counted.set(counted.get() + 1);
            self.0.set(counted.get());
        }
        self.0.get().into()
    }
}

type Hear = Rc<dyn Fn(&Event)>;

/// The observer of a loop, and what it takes to tell it of things.
#[derive(Default)]
pub(crate) struct Observer {
    /// True once somebody hears: this is all that a loop without an observer looks at.
    is_there: Cell<bool>,
    hear: RefCell<Option<Hear>>,
    /// On whose account the loop goes on.
    actor: Cell<Actor>,
    promises: Cell<u32>,
    callbacks: Cell<u32>,
    queues: Cell<u32>,
    passes: Cell<u64>,
}

impl Observer {
    pub(crate) fn promise(&self, number: &Number) -> u64 {
        number.get(&self.promises)
    }

    pub(crate) fn callback(&self, callback: &dyn Callback) -> u64 {
        callback.about().number.get(&self.callbacks)
    }

    pub(crate) fn queue(&self, number: &Number) -> u64 {
        number.get(&self.queues)
    }
}

impl Core {
    /// Tells the observer, if there is one, of what `kind` makes; `at` is the line of the program that caused it.
    pub(crate) fn tell(&self, at: Option<Place>, kind: impl FnOnce(&Observer) -> Kind) {
        if self.observer.is_there.get() {
            seldom(|| {
                let (time, by) = (Time(self.now()), self.observer.actor.get());
                let event = Event { time, by, kind: kind(&self.observer), at: at.map(Position::from) };
                let hear = self.observer.hear.borrow().clone();
                hear.inspect(|hear| hear(&event));
            });
        }
    }

    /// Says on whose account the loop goes on from now, and gives who it was before.
    pub(crate) fn act_as(&self, actor: Actor) -> Actor {
        self.observer.actor.replace(actor)
    }

    /// Tells that a step or a callback begins.
    pub(crate) fn begin_turn(&self, ready: &Ready) {
        let observer = &self.observer;
        if !observer.is_there.get() {
            return;
        }
        match ready {
            Ready::Step(task) => {
                let task = task.state().number;
                observer.actor.set(Actor::Task(task));
                self.tell(None, |_| Kind::StepBegin { task });
            }
            // What was cancelled does nothing when its turn comes.
            Ready::Callback(callback) if callback.about().cancelled.get() => {}
            Ready::Callback(callback) => {
                let number = observer.callback(&**callback);
                // One that runs again gets a new number.
                callback.about().number.0.set(0);
                observer.actor.set(Actor::Callback(number));
                self.tell(None, |_| Kind::CallbackBegin { callback: number });
            }
        }
    }

    /// Tells that what began is over.
    pub(crate) fn end_turn(&self) {
        if self.observer.is_there.get() {
            seldom(|| self.tell_end());
        }
        self.act_as(Actor::Loop);
    }

    fn tell_end(&self) {
        match self.observer.actor.get() {
            Actor::Task(task) => {
                // The leaves of this library have told by themselves what the task waits for.
                let foreign = |wait: &Wait| matches!(wait.target, Target::Foreign(_));
                let state = self.task(task);
                if state.is_some_and(|t| t.state().waits.list.borrow().iter().all(|(_, w)| foreign(w))) {
                    self.tell(None, |_| Kind::Awaits { task, on: Awaited::Foreign });
                }
                self.tell(None, |_| Kind::StepEnd { task });
            }
            Actor::Callback(callback) => self.tell(None, |_| Kind::CallbackEnd { callback }),
            Actor::Outside | Actor::Loop | Actor::Thread => {}
        }
    }

    /// Tells what is ready and which timers are set when a pass is over.
    pub(crate) fn tell_pass(&self) {
        self.tell(None, |names| {
            names.passes.set(names.passes.get() + 1);
            let ready = self.ready.borrow();
            let ready = ready.iter().filter_map(|ready| match ready {
                Ready::Step(task) => Some(Queued::Task(task.state().number)),
                Ready::Callback(callback) if callback.about().cancelled.get() => None,
                Ready::Callback(callback) => Some(Queued::Callback(names.callback(&**callback))),
            });
            let timers = self.timers.borrow().soonest_first().into_iter();
            let timers =
                timers.map(|(callback, when)| Timer { callback: names.callback(&*callback), when: Time(when) });
            Kind::PassEnd { pass: names.passes.get(), ready: ready.collect(), timers: timers.collect() }
        });
    }
}

impl<T> Promise<T> {
    /// Tells the observer what the promise is for.
    pub(crate) fn tell_created(&self, core: &Core, label: &'static str, until: Option<Duration>, at: Option<Place>) {
        core.tell(at, |names| Kind::PromiseCreated {
            promise: names.promise(&self.shared().number),
            label: label.into(),
            until: until.map(Time),
        });
    }

    /// Gives what an observer calls the promise that somebody awaits.
    pub(crate) fn awaited(&self, names: &Observer) -> Awaited {
        match self.driven() {
            Some(task) => Awaited::Task(task.state().number),
            None => Awaited::Promise(names.promise(&self.shared().number)),
        }
    }
}

impl Timers {
    /// Lists the timers that were not cancelled.
    pub(crate) fn soonest_first(&self) -> Vec<(Rc<dyn Callback>, Duration)> {
        let mut timers: Vec<&timers::Timer> = self.heap.iter().collect();
        timers.retain(|timer| !timer.callback.about().cancelled.get());
        timers.sort_by(|a, b| b.cmp(a));
        let timers = timers.into_iter();
        timers.map(|timer| (timer.callback.clone(), timer.when)).collect()
    }
}

/// Tells the observer of the running loop, if there are both.
pub(crate) fn tell(at: Option<Place>, kind: impl FnOnce(&Observer) -> Kind) {
    Core::with_running(|core| core.tell(at, kind));
}

impl EventLoop {
    /// Sets what hears of everything that happens on this loop from now on: see [`observe`](crate::observe).
    ///
    /// Another one takes its place. The observer is called in the middle of things, so it must only take notes: it must not use
    /// the loop, and it must not keep it.
    ///
    /// asyncio has no counterpart; its debug mode logs some of this.
    pub fn set_observer(&self, observer: impl Fn(&Event) + 'static) {
        self.core.observer.hear.replace(Some(Rc::new(observer)));
        self.core.observer.is_there.set(true);
    }
}

/// Marks a line of the program: the observer of the running loop hears the text and the line. Without an observer the text is not
/// even made.
///
/// asyncio has no counterpart.
#[track_caller]
pub fn note(text: impl fmt::Display) {
    tell(Some(Location::caller()), |_| Kind::Note { text: text.to_string() });
}

/// What hears of each new loop.
pub(crate) static ON_NEW_LOOP: OnceLock<fn(&EventLoop)> = OnceLock::new();

/// Calls a function with each loop that this process makes from now on, on the thread that makes it.
///
/// This is how a program is recorded that gives no loop an observer of its own.
///
/// # Panics
/// If a function was set before: a process has one.
///
/// asyncio: a policy, whose `new_event_loop` makes every loop.
///
/// ```
/// use asyncio::{EventLoop, observe};
///
/// observe::on_new_loop(|event_loop| event_loop.set_observer(|event| println!("{event:?}")));
/// asyncio::run(async { Ok(()) }).unwrap();
/// ```
pub fn on_new_loop(hook: fn(&EventLoop)) {
    assert!(ON_NEW_LOOP.set(hook).is_ok(), "another function hears of new loops already");
}

/// Finds the function in the name of a closure's type: what is left without the closures, the path and the arguments of types.
pub(crate) fn last_function(type_name: &'static str) -> &'static str {
    let name = type_name.trim_end_matches("::{{closure}}");
    let mut depth = 0;
    let colon = name.rfind(|c| {
        depth += i32::from(c == '>') - i32::from(c == '<');
        c == ':' && depth == 0
    });
    let name = &name[colon.map_or(0, |colon| colon + 1)..];
    name.split('<').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::last_function;

    #[test]
    fn a_closure_is_called_after_the_function_around_it() {
        for (type_name, function) in [
            ("demo::main::{{closure}}", "main"),
            ("demo::say_hello", "say_hello"),
            ("a::Gathering<b::T>::gather<c::R>::{{closure}}", "gather"),
            ("<a::B as c::D>::brew::{{closure}}::{{closure}}", "brew"),
            ("fn()", "fn()"),
        ] {
            assert_eq!(last_function(type_name), function);
        }
    }
}
