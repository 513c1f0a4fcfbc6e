//! What a task waits for when only the moment counts: a promise without value, callbacks and handles.
//!
//! A sleep, a place in line and `wait` each wait for one. It is the only allocation that they make.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::callback::Callback;
use crate::error::{Cancelled, Error, NoRunningLoop};
use crate::event_loop::Core;
use crate::events::{Awaited, Kind, Outcome, Place};
use crate::leaf::{Awaiter, Registration};
use crate::observation::{Number, OBSERVABLE, observed};
use crate::waits::Cancel;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Waiting,
    /// Waiting, and an observer hears of what comes.
    ///
    /// Choice: a state and not a flag beside it, so that a wait that nobody observes looks no further than any wait must.
    Watched,
    /// The moment has come.
    Set,
    /// The task that waits was cancelled before, and is about to hear of it.
    Cancelled,
    /// Nobody waits any more.
    GivenUp,
}

/// Invariant: leaves `Waiting` or `Watched` once, and never comes back.
pub(crate) struct Signal {
    core: Weak<Core>,
    state: Cell<State>,
    /// Who waits; nobody before the first poll.
    awaiter: Cell<Option<Awaiter>>,
    /// For observers, to whom it is a promise like any other.
    number: Number,
}

impl Signal {
    /// Makes a signal and tells the observer what for.
    ///
    /// # Panics
    /// Outside a running loop.
    #[inline]
    pub(crate) fn new(label: &'static str, until: Option<Duration>, at: Place) -> Rc<Self> {
        match observed() {
            true => Signal::watched(label, until, at),
            false => Signal::in_place_of(None),
        }
    }

    #[cold]
    fn watched(label: &'static str, until: Option<Duration>, at: Place) -> Rc<Self> {
        let signal = Signal::in_place_of(None);
        signal.observe_created(label, until, at);
        signal
    }

    /// Makes a signal that the running task is about to wait for, and tells the observer both.
    #[cold]
    pub(crate) fn watched_wait(label: &'static str, at: Place) -> Rc<Self> {
        let signal = Signal::watched(label, None, at);
        signal.observe_awaited();
        signal
    }

    /// Gives what the running task is about to await.
    #[inline]
    pub(crate) fn wait(self: Rc<Self>) -> Signalled {
        if self.is_watched() {
            self.observe_awaited();
        }
        Signalled::new(self)
    }

    /// Makes a signal where another one was, if nobody holds that any more.
    ///
    /// # Panics
    /// Outside a running loop.
    #[inline]
    pub(crate) fn in_place_of(old: Option<Rc<Signal>>) -> Rc<Self> {
        let core = Core::with_running(Rc::downgrade).unwrap_or_else(|| panic!("{NoRunningLoop}"));
        let mut old = old;
        match old.as_mut().and_then(Rc::get_mut) {
            Some(signal) => {
                signal.core = core;
                signal.state.set(State::Waiting);
                signal.number = Number::default();
                old.expect("renewed just now")
            }
            None => Rc::new(Signal {
                core,
                state: Cell::new(State::Waiting),
                awaiter: Cell::new(None),
                number: Number::default(),
            }),
        }
    }

    /// Wakes who waits, whose turn comes through the ready queue; false if nobody waits any more, or somebody set it before.
    #[inline]
    pub(crate) fn set(&self) -> bool {
        self.end(State::Set)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.state.get() == State::Set
    }

    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.state.get(), State::Waiting | State::Watched)
    }

    #[inline]
    fn is_watched(&self) -> bool {
        OBSERVABLE && self.state.get() == State::Watched
    }

    #[inline]
    fn end(&self, state: State) -> bool {
        match self.state.replace(state) {
            State::Waiting => {}
            State::Watched if OBSERVABLE => self.observe_done(state),
            over => {
                self.state.set(over);
                return false;
            }
        }
        if let Some(awaiter) = self.awaiter.take() {
            awaiter.wake(&self.core);
        }
        true
    }

    /// Says that nobody waits any more; false if the moment had come.
    #[inline]
    pub(crate) fn give_up(&self) -> bool {
        let in_time = !self.is_set();
        if in_time {
            self.state.set(State::GivenUp);
            drop(self.awaiter.take());
        }
        in_time
    }

    /// Tells the observer what the signal is for, and then how it goes on.
    fn observe_created(&self, label: &'static str, until: Option<Duration>, at: Place) {
        self.state.set(State::Watched);
        let Some(core) = self.core.upgrade() else {
            return;
        };
        core.observe(
            |observation| Kind::PromiseCreated {
                promise: observation.promise(&self.number),
                label: label.into(),
                until,
            },
            Some(at),
        );
    }

    #[cold]
    fn observe_awaited(&self) {
        Core::with_current(|core, task| {
            core.observe(
                |observation| Kind::Awaits {
                    task: task.header().number,
                    on: Awaited::Promise(observation.promise(&self.number)),
                },
                None,
            );
        });
    }

    #[cold]
    fn observe_done(&self, state: State) {
        let outcome = match state {
            State::Set => Outcome::Result,
            _ => Outcome::Cancelled,
        };
        if let Some(core) = self.core.upgrade() {
            core.observe(
                |observation| Kind::PromiseDone {
                    promise: observation.promise(&self.number),
                    outcome,
                },
                None,
            );
        }
    }
}

impl Cancel for Signal {
    /// Wakes who waits, and leaves the rest to the list of what the task waits for: that keeps the reason.
    fn cancel(self: Rc<Self>, _: &Cancelled) -> bool {
        self.end(State::Cancelled);
        false
    }
}

/// The callback of a timer that sets the signal.
impl Callback for Signal {
    fn run(&self) -> Option<Error> {
        // A cancelled sleep has nobody left to wake.
        self.set();
        None
    }

    fn cancel(&self) {
        self.give_up();
    }

    fn is_cancelled(&self) -> bool {
        self.state.get() == State::GivenUp
    }

    fn name(&self) -> &'static str {
        "start_timer"
    }
}

/// The wait for a signal: the leaf on which a task is suspended.
pub(crate) struct Signalled {
    signal: Rc<Signal>,
    registration: Registration,
}

impl Signalled {
    pub(crate) fn new(signal: Rc<Signal>) -> Self {
        Signalled {
            signal,
            registration: Registration::default(),
        }
    }

    /// Gives the signal back when the wait is over.
    pub(crate) fn into_signal(self) -> Rc<Signal> {
        self.signal
    }

    /// Ends the wait before its time; false if the moment had come.
    #[inline]
    pub(crate) fn give_up(self) -> bool {
        drop(self.registration);
        self.signal.give_up()
    }
}

impl Future for Signalled {
    type Output = Result<(), Cancelled>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Signalled {
            signal,
            registration,
        } = &mut *self;
        if !signal.is_waiting() {
            let thrown = registration.arrived(|| true);
            return Poll::Ready(thrown.map_or(Ok(()), Err));
        }
        let polled_in_a_task = Core::with_current(|_, task| {
            if !registration.is_entered() {
                registration.enter(task, Some(signal.clone()));
            }
            signal.awaiter.set(Some(Awaiter::of(task.header(), cx)));
        });
        if polled_in_a_task.is_none() {
            let awaiter = Awaiter::Other(cx.waker().clone());
            signal.awaiter.set(Some(awaiter));
        }
        Poll::Pending
    }
}
