//! What the page and the server say to each other.
//!
//! The page sends one JSON object; the answer is a stream of JSON objects, one on each line, of which the last has `done`.

use serde::{Deserialize, Serialize};

/// The body of `POST /run`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRequest {
    /// The whole program, lines that the page hides included.
    pub code: String,
    /// Whether to record what its loops do; a [`Timeline`] comes back before the end, unless the compiler refuses the program.
    #[serde(default)]
    pub timeline: bool,
}

/// The body of `POST /run-example`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleRequest {
    /// The name of a file in `examples/`, without its ending.
    pub name: String,
    /// What follows `--` on cargo's command line.
    #[serde(default)]
    pub args: Vec<String>,
}

/// The body of `POST /stop`, which is for the reader who wants to see what came until then: a page that goes away stops its program,
/// too, and hears no more of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopRequest {
    /// What the header [`RUN`] of the answer said.
    pub run: u64,
}

/// The header that numbers the runs.
pub const RUN: &str = "x-workbook-run";

/// Who speaks in an [`Output`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    Stdout,
    Stderr,
    Compiler,
}

/// A piece of text as it was printed; pieces do not end at line ends.
#[derive(Debug, Serialize, Deserialize)]
pub struct Output {
    pub stream: Stream,
    pub text: String,
}

/// What a run did on its loops.
#[derive(Debug, Serialize)]
pub struct Timeline {
    /// A fragment of HTML. All text of the program in it is escaped.
    pub figure: Option<String>,
    /// A sentence that says why there is no figure, or what it lacks.
    pub why: Option<String>,
}

/// Why a program did not end by itself, or did not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// It ran too long, or used too much of the processors.
    Time,
    Memory,
    /// It printed too much, or wrote too large a file.
    Output,
    /// The reader wanted it, or the reader or the server went away.
    Stopped,
    /// The compiler refused it.
    Compile,
}

/// The last line of every answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Done {
    /// Always true; it tells the last line from the others.
    pub done: bool,
    /// Whether the program ran and ended with exit status 0.
    pub ok: bool,
    /// The exit status of the program, or of the compiler if that is as far as it came; none after a signal.
    pub status: Option<i32>,
    pub why: Option<Why>,
    /// What to tell the reader, if `why` or the status does not say it all.
    pub message: Option<String>,
    /// From the start of the program, without the compiler; of the compiler if no program started.
    pub elapsed_ms: u64,
    /// How long the compiler took; 0 if the program was compiled before.
    pub compile_ms: u64,
}

/// The answer to `GET /status`, which is 401 to a page that does not know the secret.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Whether `POST /run` compiles now; until then it answers 503.
    pub ready: bool,
    /// How many programs the book has, and how many of them are compiled.
    pub total: usize,
    pub compiled: usize,
    /// What `POST /run-example` runs now; empty until cargo has built the examples.
    pub examples: Vec<String>,
    /// Whether a shared library makes compiling faster.
    pub fast: bool,
    /// What went wrong in the background, in one sentence.
    pub problem: Option<String>,
    /// What this system cannot enforce, in words for the page.
    pub missing: Vec<&'static str>,
}
