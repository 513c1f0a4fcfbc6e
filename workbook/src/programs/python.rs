//! The Python that runs the Python programs of the book.

use std::env;
use std::process::Command;

use super::process;

/// A Python that is new enough.
#[derive(Clone, Debug)]
pub struct Python {
    program: String,
}

/// Prints nothing, and fails with a Python that lacks `asyncio.TaskGroup`.
const IS_NEW_ENOUGH: &str = "import sys; sys.exit(sys.version_info < (3, 11))";

impl Python {
    /// Finds Python 3.11 or later: the environment variable `PYTHON`, or what the system has; the error says why there is none.
    pub fn find() -> Result<Python, String> {
        let wanted = env::var("PYTHON").ok();
        let names = match &wanted {
            Some(name) => vec![name.as_str()],
            None => vec!["python3", "python"],
        };
        for name in &names {
            let mut command = Command::new(name);
            command.args(["-c", IS_NEW_ENOUGH]);
            if process::run(&mut command, process::LIMIT).is_ok_and(|end| end.status.success()) {
                return Ok(Python {
                    program: (*name).to_owned(),
                });
            }
        }
        Err(format!(
            "no Python 3.11 or later ({} tried): install it, or name it in the environment variable PYTHON",
            names.join(", ")
        ))
    }

    /// A command that runs Python with the same text encoding everywhere.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("PYTHONUTF8", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}
