//! The command line.

use std::num::NonZero;
use std::path::PathBuf;

use clap::Parser;

const PYTHON: &str = "\
The uvloop column needs uvloop, the asyncio column nothing but Python 3.11 or later:

  python3 -m venv target/python
  target/python/bin/pip install -r requirements.txt
  cargo run --release -p benches -- --python target/python/bin/python";

/// Measures the library beside Tokio, smol, asyncio and uvloop, and prints one Markdown table.
#[derive(Parser)]
#[command(after_help = PYTHON)]
pub struct Options {
    /// Do a tenth of the work, in 3 rounds
    #[arg(long)]
    pub quick: bool,
    /// Leave out asyncio and uvloop
    #[arg(long)]
    no_python: bool,
    /// Only the columns whose head contains TEXT, as for a profiler
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// The interpreter to ask
    #[arg(long, value_name = "PATH", default_value = "python3")]
    pub python: PathBuf,
    /// Only the rows whose name contains TEXT
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How often each row is measured in each column [default: 5]
    #[arg(long, value_name = "N")]
    rounds: Option<NonZero<usize>>,
    /// Print the fastest round and not the median
    #[arg(long)]
    pub min: bool,
    /// Write the book's plots of this run, and the figures that they show
    #[arg(long, conflicts_with_all = ["only", "filter"])]
    pub plots: bool,
    /// Compare the library with a build of it that cannot have an observer
    #[arg(long)]
    pub observer: bool,
    /// Draw the book's plots again from their figures, and measure nothing
    #[arg(long)]
    pub redraw: bool,
    // What the program asks of its own child processes.
    #[arg(long, hide = true)]
    pub memory: Option<String>,
    #[arg(long, hide = true)]
    pub once: Option<String>,
}

impl Options {
    pub fn rounds(&self) -> usize {
        let usual = if self.quick { 3 } else { 5 };
        self.rounds.map_or(usual, usize::from)
    }

    pub fn wants(&self, row: &str) -> bool {
        let filter = self.filter.as_ref();
        filter.is_none_or(|text| row.contains(text))
    }

    pub fn wants_column(&self, column: &str) -> bool {
        let left_out = self.no_python && ["asyncio", "uvloop"].contains(&column);
        let only = self.only.as_ref();
        !left_out && only.is_none_or(|text| column.contains(text))
    }

    /// Says why a column has no figure.
    pub fn why_missing(&self, column: &str) -> &'static str {
        match self.wants_column(column) {
            true => "not installed",
            false => "left out",
        }
    }
}
