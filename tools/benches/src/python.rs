//! The Python side: one interpreter per loop, which waits for requests while the others are measured.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::rows::Size;

pub struct Python {
    child: Child,
    /// `None` once the process was told to end.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// What the process says of itself, for the head of the table.
    pub versions: String,
}

impl Python {
    /// Starts an interpreter with one of its loops; `None` if either is not there.
    pub fn start(interpreter: &Path, event_loop: &str) -> Option<Python> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/bench_asyncio.py");
        let mut child = Command::new(interpreter)
            .arg(script)
            .arg(event_loop)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take()?);
        let mut python = Python { child, requests, answers, versions: String::new() };
        let greeting = python.answer();
        python.versions = greeting.strip_prefix("ready ")?.to_owned();
        Some(python)
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        // A process that ended gives an empty line, which is no answer to any question.
        let _ = self.answers.read_line(&mut line);
        line.trim().to_owned()
    }

    fn ask(&mut self, question: &str) -> Option<u64> {
        writeln!(self.requests.as_mut()?, "{question}").ok()?;
        self.answer().parse().ok()
    }

    /// Measures one operation; `None` if this Python cannot.
    pub fn measure(&mut self, operation: &str, size: Size) -> Option<Duration> {
        let question = format!("{operation} {} {}", size.repeats, size.at_once);
        self.ask(&question).map(Duration::from_nanos)
    }

    /// Measures the bytes that each of `tasks` idle tasks takes; `None` where the operating system does not tell.
    pub fn memory(&mut self, tasks: usize) -> Option<u64> {
        self.ask(&format!("memory {tasks}"))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // The end of its input ends the process.
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}
