use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

type Callback = Box<dyn FnOnce(&SmallLoop)>;

/// An event loop on a virtual clock.
#[derive(Default)]
pub struct SmallLoop {
    ready: RefCell<VecDeque<Callback>>,
    /// Deadlines and callbacks, in the order in which they were set.
    timers: RefCell<Vec<(Duration, Callback)>>,
    now: Cell<Duration>,
    stopping: Cell<bool>,
}

impl SmallLoop {
    pub fn time(&self) -> Duration {
        self.now.get()
    }

    pub fn call_soon(&self, callback: impl FnOnce(&SmallLoop) + 'static) {
        self.ready.borrow_mut().push_back(Box::new(callback));
    }

    pub fn call_later(&self, delay: Duration, callback: impl FnOnce(&SmallLoop) + 'static) {
        let deadline = self.time() + delay;
        self.timers
            .borrow_mut()
            .push((deadline, Box::new(callback)));
    }

    pub fn stop(&self) {
        self.stopping.set(true);
    }

    /// Runs until `stop` is called or nothing is left.
    pub fn run(&self) {
        while !self.ready.borrow().is_empty() || !self.timers.borrow().is_empty() {
            self.run_once();
            if self.stopping.replace(false) {
                return;
            }
        }
    }

    /// Makes one pass.
    fn run_once(&self) {
        let mut timers = self.timers.take();
        // A stable sort keeps the order of equal deadlines.
        timers.sort_by_key(|(deadline, _)| *deadline);
        if self.ready.borrow().is_empty()
            && !self.stopping.get()
            && let Some((next, _)) = timers.first()
        {
            self.now.set(self.time().max(*next));
        }
        let due = timers.partition_point(|(deadline, _)| *deadline <= self.time());
        let waiting = timers.split_off(due);
        self.timers.replace(waiting);
        let due = timers.into_iter().map(|(_, callback)| callback);
        self.ready.borrow_mut().extend(due);
        // What they schedule goes into the new queue, which belongs to the next pass.
        for callback in self.ready.take() {
            callback(self);
        }
    }
}
