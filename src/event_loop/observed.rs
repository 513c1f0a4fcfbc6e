//! What the loop tells its observer, if it has one, and what debug mode reports.

use std::rc::Rc;
use std::sync::OnceLock;
use std::time::Duration;

use super::{Body, Core, EventLoop, Ready};
use crate::callback::Callback;
use crate::events::{Actor, Awaited, Kind, Place, Queued};
use crate::header::TaskId;
use crate::observation::{Listing, Observation, expect_observers, is_own, observed};

/// What hears of each new loop.
static ON_NEW_LOOP: OnceLock<fn(&EventLoop)> = OnceLock::new();

/// Sets what hears of each new loop, and tells whether nothing had been set before.
pub(crate) fn set_on_new_loop(hook: fn(&EventLoop)) -> bool {
    let set = ON_NEW_LOOP.set(hook).is_ok();
    if set {
        expect_observers();
    }
    set
}

/// Tells of a new loop whoever wants to hear of it.
pub(crate) fn announce(event_loop: &EventLoop) {
    if let Some(hook) = ON_NEW_LOOP.get() {
        hook(event_loop);
    }
}

/// Records an event on the running loop, if that has an observer. Called only when some loop is observed.
#[cold]
pub(crate) fn observe_running(kind: impl FnOnce(&Observation) -> Kind, at: Option<Place>) {
    if let Some(core) = Core::running() {
        core.observe(kind, at);
    }
}

impl Core {
    fn observation(&self) -> Option<Rc<Observation>> {
        self.observation.borrow().clone()
    }

    /// Records an event if this loop has an observer.
    #[cold]
    pub(crate) fn observe(&self, kind: impl FnOnce(&Observation) -> Kind, at: Option<Place>) {
        if let Some(observation) = self.observation() {
            let kind = kind(&observation);
            observation.record(self.now(), kind, at);
        }
    }

    /// Records that a task was made and scheduled.
    #[cold]
    pub(crate) fn observe_created(&self, task: &dyn Body, at: Place) {
        let (task, name) = (task.header().number, task.header().name().to_string());
        self.observe(|_| Kind::TaskCreated { task, name }, Some(at));
        self.observe(|_| Kind::Woken { task }, None);
    }

    /// Appends a step of a task to the ready queue, and records why.
    #[cold]
    pub(super) fn push_watched_step(&self, id: TaskId, turn: Option<Place>) {
        self.ready.borrow_mut().push_back(Ready::Step(id));
        let task = self.tasks.borrow_mut().get(id);
        if let Some(task) = task.map(|task| task.header().number) {
            if turn.is_some() {
                let on = Awaited::Turn;
                self.observe(|_| Kind::Awaits { task, on }, turn);
            }
            self.observe(|_| Kind::Woken { task }, None);
        }
    }

    /// Appends a callback to the ready queue of a loop that is not plain: closed, it drops the callback.
    #[cold]
    pub(super) fn push_watched(&self, callback: Rc<dyn Callback>, at: Option<Place>) {
        if self.is_closed() {
            return;
        }
        self.observe(
            |observation| Kind::CallbackScheduled {
                callback: observation.new_callback(&callback),
                name: callback.name().into(),
            },
            at,
        );
        self.ready.borrow_mut().push_back(Ready::Callback(callback));
    }

    #[cold]
    pub(super) fn observe_timer(&self, callback: &Rc<dyn Callback>, when: Duration, at: Place) {
        self.observe(
            |observation| Kind::TimerSet {
                callback: observation.callback(callback),
                name: callback.name().into(),
                when,
            },
            Some(at),
        );
    }

    /// Choice: takes the callback and gives it back. A reference to it would keep it in memory, where a loop without an observer has
    /// it in registers.
    #[cold]
    pub(super) fn observe_fired(&self, callback: Rc<dyn Callback>) -> Rc<dyn Callback> {
        self.observe(
            |observation| Kind::TimerFired {
                callback: observation.callback(&callback),
            },
            None,
        );
        callback
    }

    /// Records that a callback was cancelled before its turn or its time; what was over before is no event.
    #[cold]
    pub(crate) fn observe_cancelled(
        &self,
        callback: &Rc<dyn Callback>,
        kind: impl FnOnce(u64) -> Kind,
    ) {
        if let Some(observation) = self.observation()
            && let Some(number) = observation.waiting_callback(callback)
        {
            observation.forget_callback(callback);
            observation.record(self.now(), kind(number), None);
        }
    }

    /// Lets the observer know on whose account the loop goes on, until the next turn says otherwise.
    #[cold]
    pub(crate) fn observe_actor(&self, actor: Actor) {
        if let Some(observation) = self.observation() {
            observation.actor.set(actor);
        }
    }

    #[cold]
    pub(crate) fn observe_pass(&self) {
        self.observe(
            |observation| {
                let ready = self.ready.borrow();
                let mut tasks = self.tasks.borrow_mut();
                let mut listing = Listing::default();
                let ready = ready.iter().filter_map(|ready| match ready {
                    Ready::Step(id) => Some(Queued::Task(tasks.get(*id)?.header().number)),
                    Ready::Callback(callback) if callback.is_cancelled() => None,
                    Ready::Callback(callback) => {
                        Some(Queued::Callback(listing.next(observation, callback)))
                    }
                });
                Kind::PassEnd {
                    pass: observation.next_pass(),
                    ready: ready.collect(),
                    timers: self
                        .timers
                        .borrow()
                        .soonest_first()
                        .map(|(callback, when)| (observation.callback(callback), when))
                        .collect(),
                }
            },
            None,
        );
    }

    /// Records the beginning of a turn, and gives what records its end, also after a panic.
    pub(crate) fn observe_turn(self: &Rc<Self>, ready: &Ready) -> Option<Turn> {
        let observation = self.observation()?;
        let (actor, begin, end) = match ready {
            Ready::Step(id) => {
                let task = self.tasks.borrow_mut().get(*id)?.header().number;
                let (begin, end) = (Kind::StepBegin { task }, Kind::StepEnd { task });
                (Actor::Task(task), begin, end)
            }
            // What was cancelled does nothing when its turn comes.
            Ready::Callback(callback) if callback.is_cancelled() => return None,
            Ready::Callback(callback) => {
                let number = observation.callback(callback);
                observation.forget_callback(callback);
                let begin = Kind::CallbackBegin { callback: number };
                let end = Kind::CallbackEnd { callback: number };
                (Actor::Callback(number), begin, end)
            }
        };
        observation.actor.set(actor);
        observation.record(self.now(), begin, None);
        let step = match ready {
            Ready::Step(id) => Some(*id),
            Ready::Callback(_) => None,
        };
        Some(Turn {
            core: self.clone(),
            step,
            end: Some(end),
        })
    }

    /// Runs what is ready; the observer hears of it, and debug mode reports it if it takes long.
    #[cold]
    pub(super) fn run_watched(self: &Rc<Self>, ready: Ready) {
        let _turn = self.observe_turn(&ready);
        if self.debug.get() {
            self.run_timed(ready);
        } else {
            self.run_ready(ready);
        }
    }

    fn run_timed(self: &Rc<Self>, ready: Ready) {
        let what = match &ready {
            Ready::Callback(_) => "callback".to_owned(),
            Ready::Step(id) => match self.tasks.borrow_mut().get(*id) {
                Some(task) => format!("task {}", task.header().name()),
                None => return,
            },
        };
        let start = self.clock.now();
        self.run_ready(ready);
        let took = self.clock.now() - start;
        if took >= self.slow_callback_duration.get() {
            self.report(
                format!("Executing {what} took {:.3} seconds", took.as_secs_f64()),
                None,
            );
        }
    }
}

/// A turn that an observer hears of: a step or a callback.
pub(crate) struct Turn {
    core: Rc<Core>,
    step: Option<TaskId>,
    end: Option<Kind>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let core = &self.core;
        // What has ended is not in the table any more.
        let task = self.step.and_then(|id| core.tasks.borrow_mut().get(id));
        if let Some(task) = task.filter(|task| task.header().waits.are_foreign()) {
            let (task, on) = (task.header().number, Awaited::Foreign);
            core.observe(|_| Kind::Awaits { task, on }, None);
        }
        if let Some(end) = self.end.take() {
            core.observe(|_| end, None);
        }
        core.observe_actor(Actor::Loop);
    }
}

/// Lets the events that the library causes name the line of the program that called it.
pub(crate) struct Behalf(Option<Rc<Observation>>);

/// Names the program's line for what the library does until the guard is dropped.
#[inline]
pub(crate) fn on_behalf_of(place: Place) -> Behalf {
    if observed() {
        begin_behalf(Core::running().as_deref(), place)
    } else {
        Behalf(None)
    }
}

/// As [`on_behalf_of`], for a loop that does not run yet.
#[inline]
pub(crate) fn on_behalf_of_run(core: &Core, place: Place) -> Behalf {
    // The library's own runs, such as the one that ends the tasks that are left, have no line of the program.
    if observed() && !is_own(place.file()) {
        begin_behalf(Some(core), place)
    } else {
        Behalf(None)
    }
}

#[cold]
fn begin_behalf(core: Option<&Core>, place: Place) -> Behalf {
    let observation = core.and_then(Core::observation);
    if let Some(observation) = &observation {
        observation.behalf.set(Some(place));
    }
    Behalf(observation)
}

impl Drop for Behalf {
    fn drop(&mut self) {
        if let Some(observation) = &self.0 {
            observation.behalf.set(None);
        }
    }
}
