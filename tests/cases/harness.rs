//! What the cases share: a trace, the traces of `cases.md`, and a few short names.

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, EventLoop};

/// The cases, as they are written for readers.
pub const CASES: &str = include_str!("cases.md");

/// The lines that a case prints. Clones write to the same trace.
#[derive(Clone, Default)]
pub struct Trace {
    lines: Rc<RefCell<Vec<String>>>,
}

impl Trace {
    pub fn new() -> Self {
        Trace::default()
    }

    pub fn say(&self, line: impl Display) {
        self.lines.borrow_mut().push(line.to_string());
    }

    /// Compares the whole trace with the one in `cases.md`.
    #[track_caller]
    pub fn expect(&self, code: &str) {
        assert_eq!(*self.lines.borrow(), expected(code), "case {code}");
    }

    /// Compares the whole trace with `lines`, where the library deviates from CPython on purpose.
    #[track_caller]
    pub fn expect_instead(&self, code: &str, why: &str, lines: &[&str]) {
        assert!(!why.is_empty(), "a deviation needs a reason");
        assert_eq!(*self.lines.borrow(), lines, "case {code}, deviation: {why}");
        assert_ne!(expected(code), lines, "case {code} does not deviate any more");
    }
}

/// Gives the trace of a case.
#[track_caller]
pub fn expected(code: &str) -> Vec<String> {
    let head = format!("\n## {code} · ");
    let from = CASES
        .find(&head)
        .unwrap_or_else(|| panic!("cases.md has no case {code}"));
    let body = &CASES[from + head.len()..];
    let body = &body[body.find("```text\n").expect("a trace") + 8..];
    let body = &body[..body.find("```").expect("the end of the trace")];
    body.lines().map(str::to_owned).collect()
}

/// Lets the loop make exactly one pass, as `call_soon(stop); run_forever()` does.
pub fn spin(event_loop: &EventLoop) {
    let this = event_loop.clone();
    event_loop.call_soon(move || this.stop());
    event_loop.run_forever().expect("the loop can run");
}

/// Makes a duration of seconds.
pub fn s(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// Writes a time the way Python prints a float.
pub fn t(time: Duration) -> String {
    format!("{:?}", time.as_secs_f64())
}

/// Writes a truth the way Python does.
pub fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// Writes an error the way the traces name Python's exceptions.
pub fn exception(error: &Error) -> String {
    if let Some(cancelled) = error.downcast_ref::<asyncio::Cancelled>() {
        return match cancelled.message() {
            None => "CancelledError".to_owned(),
            Some(message) => format!("CancelledError: {message}"),
        };
    }
    if error.is::<asyncio::TimedOut>() {
        return "TimeoutError".to_owned();
    }
    match error.downcast_ref::<Raised>() {
        Some(Raised(kind, message)) if message.is_empty() => (*kind).to_owned(),
        Some(Raised(kind, message)) => format!("{kind}: {message}"),
        None => format!("{error:?}: {error}"),
    }
}

/// Stands for a Python exception: its type and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised(pub &'static str, pub &'static str);

impl Display for Raised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.1)
    }
}

impl std::error::Error for Raised {}
