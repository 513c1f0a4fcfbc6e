//! What the library does beside the cases of `tests/cases`.

mod cancelling;
mod chains;
mod corners;
mod handles;
mod memory;
mod observe;
mod reading;
mod reports;
mod running;
mod sync;
mod threads;

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, EventLoop};

/// The lines that a test says. Clones write to the same trace.
#[derive(Clone, Default)]
struct Trace {
    lines: Rc<RefCell<Vec<String>>>,
}

impl Trace {
    fn say(&self, line: impl Display) {
        self.lines.borrow_mut().push(line.to_string());
    }

    /// Hears of everything that the loop reports.
    fn listen_to(event_loop: &EventLoop) -> Self {
        let trace = Trace::default();
        let heard = trace.clone();
        event_loop.set_exception_handler(move |context| heard.say(context));
        trace
    }

    /// Gives the lines, and begins anew.
    fn take(&self) -> Vec<String> {
        self.lines.take()
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn must_not_run() {
    panic!("this callback must not run");
}

fn boom() -> Error {
    Error::msg("boom")
}
