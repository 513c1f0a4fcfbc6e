//! What the cases share: a trace, the traces of `cases.md`, and a few short names.

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, EventLoop, InvalidState, Result, RunError, observe, sleep};

use crate::python::{FOLLOWED, Version};

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
        observe::note(line);
    }

    /// Gives what was said so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }

    /// Compares the whole trace with the one in `cases.md`.
    #[track_caller]
    pub fn expect(&self, code: &str) {
        assert_eq!(*self.lines.borrow(), expected(code), "case {code}");
        crate::is_over(code);
    }

    /// Compares the whole trace with `lines`, where the library deviates from CPython on purpose.
    #[track_caller]
    pub fn expect_instead(&self, code: &str, why: &str, lines: &[&str]) {
        assert!(!why.is_empty(), "a deviation needs a reason");
        assert_eq!(*self.lines.borrow(), lines, "case {code}, deviation: {why}");
        assert_ne!(
            expected(code),
            lines,
            "case {code} does not deviate any more"
        );
    }
}

/// Lists the codes of all cases, in their order.
pub fn codes() -> Vec<&'static str> {
    CASES
        .lines()
        .filter_map(|line| line.strip_prefix("## ")?.split_once(" · "))
        .map(|(code, _)| code)
        .collect()
}

/// Gives what `cases.md` says of a case, from its mark on.
#[track_caller]
pub fn section(code: &str) -> &'static str {
    let head = format!("\n## {code} · ");
    let (_, section) = CASES
        .split_once(&head)
        .unwrap_or_else(|| panic!("cases.md has no case {code}"));
    section.split("\n## ").next().expect("the first part")
}

/// The versions that were seen, oldest first.
pub const SEEN: [Version; 5] = [[3, 11, 2], [3, 11, 7], [3, 12, 1], [3, 13, 0], FOLLOWED];

/// Gives the trace of a case on the version that the library follows.
#[track_caller]
pub fn expected(code: &str) -> Vec<String> {
    expected_on(code, FOLLOWED)
}

/// Gives the trace of a case on a version that was seen: that of the oldest stated version which is not older, or else the case's own.
pub fn expected_on(code: &str, seen: Version) -> Vec<String> {
    let older = section(code).lines().filter_map(|line| {
        let (upto, lines) = line.strip_prefix("Up to ")?.split_once(" it prints: `")?;
        let upto = parse_version(upto).expect("a version");
        let (lines, _) = lines.split_once('`').expect("a closing backtick");
        Some((upto, lines))
    });
    if let Some((_, lines)) = older.filter(|(upto, _)| seen <= *upto).min() {
        return lines.split(" ⏎ ").map(str::to_owned).collect();
    }
    let (_, text) = section(code).split_once("```text\n").expect("a trace");
    let (text, _) = text.split_once("```").expect("the end of the trace");
    text.lines().map(str::to_owned).collect()
}

fn parse_version(text: &str) -> Option<Version> {
    let numbers: Vec<u32> = text.split('.').map_while(|n| n.parse().ok()).collect();
    numbers.try_into().ok()
}

/// Makes a loop on simulated time. `tests/observed.rs` prepares it with an observer.
pub fn virtual_loop() -> EventLoop {
    crate::prepare(EventLoop::with_virtual_clock())
}

/// Makes a loop on the real clock.
pub fn real_loop() -> EventLoop {
    crate::prepare(EventLoop::new())
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
    if let Some(error) = error.downcast_ref::<RunError>() {
        return run_error(*error).to_owned();
    }
    if let Some(error) = error.downcast_ref::<InvalidState>() {
        return invalid_state(*error).to_owned();
    }
    match error.downcast_ref::<Raised>() {
        Some(Raised(kind, "")) => (*kind).to_owned(),
        Some(Raised(kind, message)) => format!("{kind}: {message}"),
        None => format!("{error:?}: {error}"),
    }
}

/// Names an error of the loop as Python does.
pub fn run_error(error: RunError) -> &'static str {
    match error {
        RunError::AlreadyRunning => "RuntimeError: This event loop is already running",
        RunError::AnotherLoopRunning => {
            "RuntimeError: Cannot run the event loop while another loop is running"
        }
        RunError::Closed => "RuntimeError: Event loop is closed",
        RunError::CloseWhileRunning => "RuntimeError: Cannot close a running event loop",
        RunError::StoppedBeforeDone => "RuntimeError: Event loop stopped before Future completed.",
        RunError::WrongLoop => {
            "ValueError: The future belongs to a different loop than the one specified as the loop argument"
        }
        RunError::Stalled => "(no counterpart: asyncio hangs)",
    }
}

/// Names an error of a promise as Python does.
pub fn invalid_state(error: InvalidState) -> &'static str {
    match error {
        InvalidState::ResultNotSet => "InvalidStateError: Result is not set.",
        InvalidState::ExceptionNotSet => "InvalidStateError: Exception is not set.",
        InvalidState::AlreadyDone => "InvalidStateError",
        InvalidState::OwnedByTask => "RuntimeError: Task does not support set_result operation",
    }
}

/// Lets the trace hear of what the loop reports, as the programs in Python do; what this library calls a promise is a future there,
/// and errors have classes.
pub fn report_to(event_loop: &EventLoop, trace: &Trace) {
    let trace = trace.clone();
    event_loop.set_exception_handler(move |context| {
        let message = context.message.replace("Promise", "Future");
        trace.say(match &context.error {
            Some(error) if message == "Exception in shielded promise" => {
                let error = exception(error);
                let (kind, _) = error.split_once(':').unwrap_or((&error, ""));
                format!("handler: {kind} exception in shielded future / {error}")
            }
            Some(error) => format!("handler: {message} / {}", exception(error)),
            None => format!("handler: {message}"),
        });
    });
}

/// Writes strings and lists of them the way Python does.
pub fn repr(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}").replace('"', "'")
}

/// Sleeps, then gives a value.
pub async fn after<T>(seconds: f64, value: T) -> Result<T> {
    sleep(s(seconds)).await?;
    Ok(value)
}

/// Sleeps, then fails.
pub async fn fail_after<T>(seconds: f64, error: Raised) -> Result<T> {
    sleep(s(seconds)).await?;
    Err(error.into())
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
