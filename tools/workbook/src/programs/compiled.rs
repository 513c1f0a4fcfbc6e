//! What the compiler made of a program, and what it said.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// What the compiler made of a program.
#[derive(Debug, Serialize, Deserialize)]
pub struct Compiled {
    /// `None` if the compiler refused the program.
    pub executable: Option<PathBuf>,
    pub diagnostics: Vec<Diagnostic>,
}

/// One message of the compiler.
#[derive(Debug, Serialize, Deserialize)]
pub struct Diagnostic {
    pub level: String,
    pub message: String,
    /// An error code such as `E0373`, or the name of a lint.
    pub code: Option<Code>,
    /// The message as the compiler prints it.
    pub rendered: Option<String>,
    /// The places that it speaks of.
    #[serde(default)]
    pub spans: Vec<Span>,
}

/// A place in a source file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Span {
    pub file_name: String,
    /// From 1.
    pub line_end: usize,
}

/// What names a message.
#[derive(Debug, Serialize, Deserialize)]
pub struct Code {
    pub code: String,
}

impl Compiled {
    /// Everything that the compiler would have printed.
    pub fn rendered(&self) -> String {
        self.diagnostics
            .iter()
            .filter_map(|diagnostic| diagnostic.rendered.as_deref())
            .collect()
    }
}

/// Reads the compiler's messages; any other line is a failure of the compiler itself.
pub fn diagnostics(stderr: &str) -> Result<Vec<Diagnostic>> {
    stderr
        .lines()
        .map(|line| {
            serde_json::from_str(line).with_context(|| format!("the compiler printed `{line}`"))
        })
        .collect()
}
