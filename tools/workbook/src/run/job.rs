//! What the server and a supervisor say to each other, one JSON object on each line.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::protocol::{Output, Why};

/// One program to run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    pub program: PathBuf,
    pub args: Vec<String>,
    /// Where it runs.
    pub folder: PathBuf,
    /// Whether the supervisor makes the folder for the job, and removes it afterwards.
    pub private: bool,
    /// All variables that it gets.
    pub environment: Vec<(String, String)>,
    pub limits: Limits,
    /// Whether the reader is not waiting for it.
    pub background: bool,
}

/// What a supervisor reports while a job runs; every job has exactly one `End`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Event {
    Output(Output),
    End(End),
}

/// How a job ended.
#[derive(Debug, Serialize, Deserialize)]
pub struct End {
    /// The exit status; none after a signal, or if the program could not be started.
    pub status: Option<i32>,
    pub why: Option<Why>,
    pub message: Option<String>,
    pub elapsed_ms: u64,
}

impl End {
    /// The end of a job that was never begun, because the order to stop came before it.
    pub fn stopped() -> End {
        End {
            status: None,
            why: Some(Why::Stopped),
            message: Some("it was stopped".to_owned()),
            elapsed_ms: 0,
        }
    }

    /// Whether the program ended by itself, with success.
    pub fn ok(&self) -> bool {
        self.status == Some(0) && self.why.is_none()
    }
}
