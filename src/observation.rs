//! The loop's side of an observer: who acts, what has a number, and what is told.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::event_loop::{Core, EventLoop, Ready};
use crate::handle::Callback;
use crate::observe::{Actor, Awaited, Event, Kind, Place, Position, Queued};
use crate::table::TaskId;
use crate::task::Body;

/// How many loops of the process have an observer.
static OBSERVED: AtomicUsize = AtomicUsize::new(0);

/// Tells whether any loop has an observer: all that a hot path asks.
///
/// Choice: one flag for the process, so that a queue need not look for its loop. A loop without an observer that runs beside one
/// with an observer looks twice.
#[inline]
pub(crate) fn observed() -> bool {
    OBSERVED.load(Ordering::Relaxed) > 0
}

/// What hears of each new loop.
static ON_NEW_LOOP: OnceLock<fn(&EventLoop)> = OnceLock::new();

/// Sets what hears of each new loop, and tells whether nothing had been set before.
pub(crate) fn set_on_new_loop(hook: fn(&EventLoop)) -> bool {
    ON_NEW_LOOP.set(hook).is_ok()
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

/// A number that a promise or a queue gets when an observer first hears of it; zero until then.
#[derive(Default)]
pub(crate) struct Number(Cell<u32>);

type Numbered = (u64, Weak<dyn Callback>);

/// An observer and what has been told to it.
pub(crate) struct Observation {
    observer: Box<dyn Fn(&Event)>,
    actor: Cell<Actor>,
    promises: Cell<u32>,
    queues: Cell<u32>,
    callbacks: Cell<u64>,
    passes: Cell<u64>,
    /// The numbers of the callbacks that wait, by address and by which of those that share it. A weak handle keeps each address from being used again.
    numbers: RefCell<HashMap<(*const (), u32), Numbered>>,
    /// The call of the program on whose behalf the library makes tasks and callbacks, as `gather` does.
    behalf: Cell<Option<Place>>,
}

impl Observation {
    pub(crate) fn new(observer: impl Fn(&Event) + 'static) -> Self {
        OBSERVED.fetch_add(1, Ordering::Relaxed);
        Observation {
            observer: Box::new(observer),
            actor: Cell::new(Actor::Outside),
            promises: Cell::new(0),
            queues: Cell::new(0),
            callbacks: Cell::new(0),
            passes: Cell::new(0),
            numbers: RefCell::default(),
            behalf: Cell::new(None),
        }
    }

    pub(crate) fn record(&self, time: Duration, kind: Kind, at: Option<Place>) {
        (self.observer)(&Event {
            time,
            by: self.actor.get(),
            kind,
            at: at
                .filter(|at| !is_own(at.file()))
                .or(match self.behalf.get() {
                    Some(behalf) if at.is_some() => Some(behalf),
                    _ => None,
                })
                .map(Position::from),
        });
    }

    pub(crate) fn next_pass(&self) -> u64 {
        self.passes.set(self.passes.get() + 1);
        self.passes.get()
    }

    pub(crate) fn promise(&self, number: &Number) -> u64 {
        number_by(&self.promises, number)
    }

    pub(crate) fn queue(&self, number: &Number) -> u64 {
        number_by(&self.queues, number)
    }

    /// Gives the number of a callback that waits, and a new one to a callback that did not.
    pub(crate) fn callback(&self, callback: &Rc<dyn Callback>, which: u32) -> u64 {
        let mut numbers = self.numbers.borrow_mut();
        let (number, _) = numbers
            .entry((address(callback), which))
            .or_insert_with(|| {
                self.callbacks.set(self.callbacks.get() + 1);
                (self.callbacks.get(), Rc::downgrade(callback))
            });
        *number
    }

    /// Gives the number of a callback that shares its allocation with no other, if it waits.
    pub(crate) fn waiting_callback(&self, callback: &Rc<dyn Callback>) -> Option<u64> {
        let numbers = self.numbers.borrow();
        numbers
            .get(&(address(callback), 0))
            .map(|(number, _)| *number)
    }

    /// Forgets the number of a callback whose wait is over. What runs again gets a new one.
    pub(crate) fn forget_callback(&self, callback: &Rc<dyn Callback>, which: u32) {
        let key = (address(callback), which);
        self.numbers.borrow_mut().remove(&key);
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        OBSERVED.fetch_sub(1, Ordering::Relaxed);
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

    #[cold]
    pub(crate) fn observe_woken(&self, id: TaskId, turn: Option<Place>) {
        let task = self.tasks.borrow_mut().get(id);
        if let Some(task) = task.map(|task| task.header().number) {
            if turn.is_some() {
                let on = Awaited::Turn;
                self.observe(|_| Kind::Awaits { task, on }, turn);
            }
            self.observe(|_| Kind::Woken { task }, None);
        }
    }

    #[cold]
    pub(crate) fn observe_scheduled(
        &self,
        callback: &Rc<dyn Callback>,
        which: u32,
        at: Option<Place>,
    ) {
        if self.is_closed() {
            return;
        }
        self.observe(
            |observation| Kind::CallbackScheduled {
                callback: observation.callback(callback, which),
                name: callback.name().into(),
            },
            at,
        );
    }

    #[cold]
    pub(crate) fn observe_timer(
        &self,
        callback: &Rc<dyn Callback>,
        when: Duration,
        at: Option<Place>,
    ) {
        self.observe(
            |observation| Kind::TimerSet {
                callback: observation.callback(callback, 0),
                name: callback.name().into(),
                when,
            },
            at,
        );
    }

    #[cold]
    pub(crate) fn observe_fired(&self, callback: &Rc<dyn Callback>) {
        self.observe(
            |observation| Kind::TimerFired {
                callback: observation.callback(callback, 0),
            },
            None,
        );
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
            observation.forget_callback(callback, 0);
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
                let ready = ready.iter().filter_map(|ready| match ready {
                    Ready::Step(id) => Some(Queued::Task(tasks.get(*id)?.header().number)),
                    Ready::Callback(callback, _) if callback.is_cancelled() => None,
                    Ready::Callback(callback, which) => {
                        Some(Queued::Callback(observation.callback(callback, *which)))
                    }
                });
                Kind::PassEnd {
                    pass: observation.next_pass(),
                    ready: ready.collect(),
                    timers: self
                        .timers
                        .borrow()
                        .soonest_first()
                        .map(|(callback, when)| (observation.callback(callback, 0), when))
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
            Ready::Callback(callback, _) if callback.is_cancelled() => return None,
            Ready::Callback(callback, which) => {
                let number = observation.callback(callback, *which);
                observation.forget_callback(callback, *which);
                let begin = Kind::CallbackBegin { callback: number };
                let end = Kind::CallbackEnd { callback: number };
                (Actor::Callback(number), begin, end)
            }
        };
        observation.actor.set(actor);
        observation.record(self.now(), begin, None);
        let step = match ready {
            Ready::Step(id) => Some(*id),
            Ready::Callback(..) => None,
        };
        Some(Turn {
            core: self.clone(),
            step,
            end: Some(end),
        })
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

fn address(callback: &Rc<dyn Callback>) -> *const () {
    Rc::as_ptr(callback).cast()
}

fn number_by(last: &Cell<u32>, number: &Number) -> u64 {
    if number.0.get() == 0 {
        last.set(last.get() + 1);
        number.0.set(last.get());
    }
    number.0.get().into()
}

/// Tells whether a file is one of this library: its lines say nothing to the reader of a program.
///
/// The compiler names files as it was told to, so a program's `src/main.rs` can seem to lie in the library's folder, which has none.
fn is_own(file: &str) -> bool {
    let folder = file!().trim_end_matches("observation.rs");
    file.strip_prefix(folder)
        .is_some_and(|name| name != "main.rs")
}

/// Finds the function in the name of a closure's type: the last part that is neither a closure nor an argument of a type.
pub(crate) fn function_name(type_name: &'static str) -> &'static str {
    let (mut depth, mut start) = (0_usize, 0);
    let mut name = type_name;
    let mut consider = |part: &'static str| {
        let part = part.split('<').next().unwrap_or(part);
        if !part.is_empty() && !part.starts_with('{') {
            name = part;
        }
    };
    for (at, c) in type_name.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                consider(&type_name[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    consider(&type_name[start..]);
    name
}

#[cfg(test)]
mod tests {
    use super::{function_name, is_own};

    #[test]
    fn a_closure_is_called_after_the_function_around_it() {
        for (type_name, function) in [
            ("demo::main::{{closure}}", "main"),
            ("demo::say_hello", "say_hello"),
            ("a::Gathering<b::T>::gather<c::R>::{{closure}}", "gather"),
            ("<a::B as c::D>::brew::{{closure}}::{{closure}}", "brew"),
            ("fn()", "fn()"),
        ] {
            assert_eq!(function_name(type_name), function);
        }
    }
    #[test]
    fn the_files_of_a_program_are_told_from_the_librarys() {
        let own = file!();
        assert!(is_own(own));
        assert!(is_own(&own.replace("observation.rs", "net/stream.rs")));
        assert!(!is_own(&own.replace("observation.rs", "main.rs")));
        assert!(!is_own("examples/task.rs"));
    }
}
