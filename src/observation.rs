//! The loop's side of an observer: who acts, what has a number, and what is told.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::callback::Callback;
use crate::events::{Actor, Event, Kind, Place, Position};

/// False in the build that the benchmarks compare with this one, to show what it costs that a loop could have an observer.
pub(crate) const OBSERVABLE: bool = !cfg!(asyncio_unobserved);

/// How many loops of the process have an observer; one more if every loop is to get one.
static OBSERVED: AtomicUsize = AtomicUsize::new(0);

/// Tells whether any loop has an observer, for what does not belong to one.
///
/// The hot paths do not ask: the loop, its table of tasks, a signal and a queue know it by a state that they look at anyway.
#[inline]
pub(crate) fn observed() -> bool {
    OBSERVABLE && OBSERVED.load(Ordering::Relaxed) > 0
}

/// Counts a process as observed whose loops are about to get observers.
pub(crate) fn expect_observers() {
    OBSERVED.fetch_add(1, Ordering::Relaxed);
}

/// A number that a promise or a queue gets when an observer first hears of it; zero until then.
#[derive(Default)]
pub(crate) struct Number(Cell<u32>);

/// The numbers of a callback, one for each time that it waits for its turn.
struct Numbered {
    waiting: VecDeque<u64>,
    /// Keeps the address from being used again.
    _callback: Weak<dyn Callback>,
}

/// An observer and what has been told to it.
pub(crate) struct Observation {
    observer: Box<dyn Fn(&Event)>,
    pub(crate) actor: Cell<Actor>,
    promises: Cell<u32>,
    queues: Cell<u32>,
    callbacks: Cell<u64>,
    passes: Cell<u64>,
    /// The numbers of the callbacks that wait, by address, in the order of their turns.
    numbers: RefCell<HashMap<*const (), Numbered>>,
    /// The call of the program on whose behalf the library makes tasks and callbacks, as `gather` does.
    pub(crate) behalf: Cell<Option<Place>>,
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

    /// Gives a number to a callback that begins to wait.
    pub(crate) fn new_callback(&self, callback: &Rc<dyn Callback>) -> u64 {
        let number = self.callbacks.get() + 1;
        self.callbacks.set(number);
        let mut numbers = self.numbers.borrow_mut();
        let numbered = numbers.entry(address(callback));
        let numbered = numbered.or_insert_with(|| Numbered {
            waiting: VecDeque::new(),
            _callback: Rc::downgrade(callback),
        });
        numbered.waiting.push_back(number);
        number
    }

    /// Gives the number of a callback that waits, for the `n`-th time if it waits more than once.
    fn nth_waiting(&self, callback: &Rc<dyn Callback>, n: usize) -> Option<u64> {
        let numbers = self.numbers.borrow();
        let numbered = numbers.get(&address(callback))?;
        numbered.waiting.get(n).copied()
    }

    /// Gives the number of a callback, if it waits.
    pub(crate) fn waiting_callback(&self, callback: &Rc<dyn Callback>) -> Option<u64> {
        self.nth_waiting(callback, 0)
    }

    /// Gives the number of a callback that waits, and a new one to a callback that this observer has not heard of.
    pub(crate) fn callback(&self, callback: &Rc<dyn Callback>) -> u64 {
        self.waiting_callback(callback)
            .unwrap_or_else(|| self.new_callback(callback))
    }

    /// Forgets the number of a callback whose wait is over. What runs again gets a new one.
    pub(crate) fn forget_callback(&self, callback: &Rc<dyn Callback>) {
        let mut numbers = self.numbers.borrow_mut();
        if let Entry::Occupied(mut numbered) = numbers.entry(address(callback)) {
            numbered.get_mut().waiting.pop_front();
            if numbered.get().waiting.is_empty() {
                numbered.remove();
            }
        }
    }
}

/// Lists the numbers of callbacks in the order of the ready queue, where one may stand more than once.
#[derive(Default)]
pub(crate) struct Listing(HashMap<*const (), usize>);

impl Listing {
    /// Gives the number of the next callback in the queue.
    pub(crate) fn next(&mut self, observation: &Observation, callback: &Rc<dyn Callback>) -> u64 {
        let before = self.0.entry(address(callback)).or_default();
        *before += 1;
        observation
            .nth_waiting(callback, *before - 1)
            .unwrap_or_else(|| observation.new_callback(callback))
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        OBSERVED.fetch_sub(1, Ordering::Relaxed);
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
pub(crate) fn is_own(file: &str) -> bool {
    let folder = file!().trim_end_matches("observation.rs");
    file.strip_prefix(folder)
        .is_some_and(|name| name != "main.rs")
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn the_files_of_a_program_are_told_from_the_librarys() {
        let own = file!();
        assert!(is_own(own));
        assert!(is_own(&own.replace("observation.rs", "net/stream.rs")));
        assert!(!is_own(&own.replace("observation.rs", "main.rs")));
        assert!(!is_own("examples/task.rs"));
    }
}
