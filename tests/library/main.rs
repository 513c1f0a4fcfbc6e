//! What the library does beside the cases of `tests/cases`.

mod cancelling;
mod chains;
mod corners;
mod groups;
mod handles;
mod limits;
mod memory;
mod nothing_lost;
mod observe;
mod reading;
mod reports;
mod running;
mod sync;
mod threads;

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
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

/// Hears what a test is waiting for; see [`ends`].
struct Waiting(mpsc::Sender<String>);

impl Waiting {
    fn is_for(&self, what: impl Display) {
        // Nobody hears it if the test hung for a while, and has failed.
        let _ = self.0.send(what.to_string());
    }
}

/// Runs a test that would hang if its claim were false: if it waits for the same thing for some seconds of real time, it fails, and
/// says for what. Its thread is left behind.
#[track_caller]
fn ends<T: Send + 'static>(test: impl FnOnce(Waiting) -> T + Send + 'static) -> T {
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || test(Waiting(tell)));
    let mut waiting = "something".to_owned();
    loop {
        match told.recv_timeout(HANGS_AFTER) {
            Ok(next) => waiting = next,
            Err(RecvTimeoutError::Timeout) => panic!("the test hangs: it waits for {waiting}"),
            // The test has ended, or its thread panics.
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let outcome = thread.join();
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A busy machine is slow; a test that hangs does nothing for so long.
const HANGS_AFTER: Duration = Duration::from_secs(5);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn must_not_run() {
    panic!("this callback must not run");
}

fn boom() -> Error {
    Error::msg("boom")
}
