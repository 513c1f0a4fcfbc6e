//! What a loop tells an observer: every task, step, wait, wake-up, callback, timer and cancellation, in order.
//!
//! [`EventLoop::set_observer`](crate::EventLoop::set_observer) takes a function that hears of each [`Event`]. An observer changes
//! nothing: the order of the loop is the same with and without one. A program in which no loop has an observer pays next to nothing:
//! the benchmarks say how much.
//!
//! ```
//! use asyncio::{EventLoop, sleep};
//! use std::cell::RefCell;
//! use std::rc::Rc;
//! use std::time::Duration;
//!
//! let lines = Rc::new(RefCell::new(Vec::new()));
//! let heard = lines.clone();
//! let event_loop = EventLoop::with_virtual_clock();
//! event_loop.set_observer(move |event| heard.borrow_mut().push(event.to_string()));
//! event_loop.run_until_complete(async { Ok(sleep(Duration::from_secs(1)).await?) }).unwrap();
//! assert_eq!(lines.borrow()[0], "0 s outside: Task-1 is created");
//! ```
//!
//! # Places
//! An event names the line of the program that caused it where the compiler tells it for nothing: the calls that run a loop and that
//! make tasks, callbacks and timers, the `.await` of a task or a promise, and the calls of `sleep` and of a queue. A lock, an event
//! and the like are awaited without one; [`note`] marks any other line.

use std::fmt;
use std::panic::Location;

pub use crate::events::{Actor, Awaited, Event, Kind, Outcome, Place, Position, Queued};

use crate::event_loop::{EventLoop, observe_running, set_on_new_loop};
use crate::observation::observed;

/// Marks a line of the program: the observer of the running loop hears the text and the line. Without an observer the text is not
/// even made.
///
/// asyncio has no counterpart.
#[track_caller]
pub fn note(text: impl fmt::Display) {
    if observed() {
        let at = Location::caller();
        observe_running(
            |_| Kind::Note {
                text: text.to_string(),
            },
            Some(at),
        );
    }
}

/// Calls a function with each loop that this process makes from now on, on the thread that makes it.
///
/// This is how a program is recorded that gives no loop an observer of its own. Call it before the program makes its first queue or lock.
///
/// # Panics
/// If a function was set before: a process has one.
///
/// asyncio: a policy, whose `new_event_loop` makes every loop.
///
/// ```
/// use asyncio::{EventLoop, observe};
///
/// observe::on_new_loop(|event_loop| event_loop.set_observer(|event| println!("{event}")));
/// asyncio::run(async { Ok(()) }).unwrap();
/// ```
pub fn on_new_loop(hook: fn(&EventLoop)) {
    assert!(
        set_on_new_loop(hook),
        "another function hears of new loops already"
    );
}
