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
        // Build it: this knows neither passes nor timers.
        while !self.stopping.replace(false) {
            // The borrow of the queue ends with this statement, so the callback may call `call_soon`.
            let Some(callback) = self.ready.borrow_mut().pop_front() else {
                return;
            };
            callback(self);
        }
    }
}
