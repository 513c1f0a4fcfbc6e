//! The command line.

use std::path::PathBuf;

use crate::table::Statistic;

pub const HELP: &str = "\
Measures the library beside Tokio, smol, asyncio and uvloop, and prints one Markdown table.

cargo run --release -p benches -- [OPTIONS]

  --quick          do a tenth of the work, in 3 rounds
  --no-python      leave out asyncio and uvloop
  --only COLUMN    ours, current-thread, multi-thread or smol: leave out the others, for a profiler
  --python PATH    the interpreter to ask (python3)
  --filter TEXT    only the rows whose name contains TEXT
  --rounds N       how often each row is measured in each column (5)
  --min            print the fastest round and not the median
  --plots          write the book's plots of this run, and the figures that they show
  --observer       compare the library with a build of it that cannot have an observer
  --redraw         draw the book's plots again from their figures, and measure nothing
  --help           print this

The uvloop column needs uvloop, the asyncio column nothing but Python 3.11 or later:

  python3 -m venv target/python
  target/python/bin/pip install -r requirements.txt
  cargo run --release -p benches -- --python target/python/bin/python";

pub struct Options {
    pub quick: bool,
    /// The one column to measure.
    pub only: Option<String>,
    /// `None` for `--no-python`.
    pub python: Option<PathBuf>,
    pub filter: String,
    pub rounds: usize,
    pub statistic: Statistic,
    pub plots: bool,
}

pub enum Mode {
    Measure(Options),
    /// What the program asks of its own child processes.
    Memory {
        whose: String,
        tasks: usize,
    },
    Once {
        row: String,
    },
    Observer(Options),
    Redraw,
    Help,
}

impl Options {
    pub fn parse() -> Result<Mode, lexopt::Error> {
        use lexopt::prelude::*;
        let mut options = Options {
            quick: false,
            only: None,
            python: Some("python3".into()),
            filter: String::new(),
            rounds: 0,
            statistic: Statistic::Median,
            plots: false,
        };
        let mut observer = false;
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("quick") => options.quick = true,
                Long("no-python") => options.python = None,
                Long("only") => {
                    options.only = Some(parser.value()?.parse()?);
                    options.python = None;
                }
                Long("python") => options.python = Some(parser.value()?.into()),
                Long("filter") => options.filter = parser.value()?.parse()?,
                Long("rounds") => options.rounds = parser.value()?.parse()?,
                Long("min") => options.statistic = Statistic::Minimum,
                Long("plots") => options.plots = true,
                Long("observer") => observer = true,
                Long("once") => {
                    return Ok(Mode::Once {
                        row: parser.value()?.parse()?,
                    });
                }
                Long("redraw") => return Ok(Mode::Redraw),
                Long("help") | Short('h') => return Ok(Mode::Help),
                Long("memory") => {
                    return Ok(Mode::Memory {
                        whose: parser.value()?.parse()?,
                        tasks: parser.value()?.parse()?,
                    });
                }
                other => return Err(other.unexpected()),
            }
        }
        if options.plots && (options.only.is_some() || !options.filter.is_empty()) {
            return Err("--plots needs all rows and columns".into());
        }
        if options.rounds == 0 {
            options.rounds = if options.quick { 3 } else { 5 };
        }
        match observer {
            true => Ok(Mode::Observer(options)),
            false => Ok(Mode::Measure(options)),
        }
    }

    /// Says why a column has no figure.
    pub fn why_missing(&self) -> &'static str {
        match self.python {
            Some(_) => "not installed",
            None => "left out",
        }
    }

    pub fn wants(&self, row: &str) -> bool {
        row.contains(&self.filter)
    }

    pub fn wants_column(&self, column: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only == column)
    }
}
