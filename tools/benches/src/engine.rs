//! The columns of the table.

use tokio::runtime::Runtime;

use crate::options::Options;
use crate::python::Python;
use crate::tokio_side;

/// The head of each column.
pub const COLUMNS: [&str; 6] = ["ours", "Tokio current-thread", "Tokio multi-thread", "smol", "asyncio", "uvloop"];

/// What the operations of a column run on.
pub enum Engine {
    Ours,
    Tokio(Runtime),
    Smol,
    Python(Python),
}

impl Engine {
    /// Starts what a column measures; `None` if it is left out, or not installed.
    pub fn start(column: &str, options: &Options) -> Option<Engine> {
        if !options.wants_column(column) {
            return None;
        }
        match column {
            "ours" => Some(Engine::Ours),
            "Tokio current-thread" => Some(Engine::Tokio(tokio_side::current_thread())),
            "Tokio multi-thread" => Some(Engine::Tokio(tokio_side::multi_thread())),
            "smol" => Some(Engine::Smol),
            event_loop => Python::start(&options.python, event_loop).map(Engine::Python),
        }
    }
}
