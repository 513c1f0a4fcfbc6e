//! Measures the library beside Tokio, smol, asyncio and uvloop, and prints one Markdown table.
//!
//! `cargo run --release -p benches` takes a few minutes; `-- --help` lists the options.
//!
//! The measuring is done here and not by criterion or divan. Both take all samples of one function before they begin with the
//! next, and neither can ask a Python process; so a busy minute of the machine would fall on one column alone. Here every
//! round asks each column in turn, and the table gives the median of the rounds.

mod machine;
mod memory;
mod observer;
mod options;
mod ours;
mod plot;
mod plots;
mod python;
mod record;
mod rows;
mod size;
mod smol_side;
mod table;
mod tokio_side;

use std::process::ExitCode;
use std::time::Duration;

use crate::options::{Mode, Options};
use crate::python::{Python, PythonLoop};
use crate::rows::{ROWS, Row};
use crate::size::Size;
use crate::table::{COLUMNS, Cell};

/// The columns that are measured, in the order of the table.
struct Columns {
    ours: bool,
    current_thread: Option<tokio::runtime::Runtime>,
    multi_thread: Option<tokio::runtime::Runtime>,
    smol: bool,
    asyncio: Option<Python>,
    uvloop: Option<Python>,
}

/// How much less Python does per round; its cost per operation does not depend on it.
const PYTHON_DOES_LESS: usize = 20;

impl Columns {
    /// Measures one row once in each column.
    fn measure(&mut self, row: &Row, size: Size) -> [Option<Duration>; COLUMNS.len()] {
        let less = Size {
            repeats: (size.repeats / PYTHON_DOES_LESS).max(1),
            ..size
        };
        let per_operation = |took: Duration, size: Size| took.div_f64(size.operations() as f64);
        let on_tokio = |runtime: &_| per_operation((row.tokio)(runtime, size), size);
        let ask = |python: &mut Option<Python>| {
            python
                .as_mut()
                .and_then(|python| python.measure(row.python, less))
                .map(|took| per_operation(took, less))
        };
        [
            self.ours.then(|| per_operation((row.ours)(size), size)),
            self.current_thread.as_ref().map(on_tokio),
            self.multi_thread.as_ref().map(on_tokio),
            self.smol.then(|| per_operation((row.smol)(size), size)),
            ask(&mut self.asyncio),
            ask(&mut self.uvloop),
        ]
    }
}

fn main() -> ExitCode {
    let options = match Options::parse() {
        Ok(Mode::Measure(options)) => options,
        Ok(Mode::Memory { whose, tasks }) => return memory::measure_here(&whose, tasks),
        Ok(Mode::Once { row }) => return observer::measure_here(&row),
        Ok(Mode::Observer(options)) => return finish(observer::compare(&options)),
        Ok(Mode::Redraw) => return finish(said(plots::redraw())),
        Ok(Mode::Help) => {
            println!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n\n{}", options::HELP);
            return ExitCode::from(2);
        }
    };
    let python = |which| {
        options
            .python
            .as_ref()
            .and_then(|p| Python::start(p, which))
    };
    let mut columns = Columns {
        ours: options.wants_column("ours"),
        current_thread: options
            .wants_column("current-thread")
            .then(tokio_side::current_thread),
        multi_thread: options
            .wants_column("multi-thread")
            .then(tokio_side::multi_thread),
        smol: options.wants_column("smol"),
        asyncio: python(PythonLoop::Asyncio),
        uvloop: python(PythonLoop::Uvloop),
    };
    let run = machine::describe(&columns);
    let statistic = format!(
        "{} of {} interleaved rounds",
        options.statistic.name(),
        options.rounds
    );
    println!("{run}.\nNanoseconds per operation, {statistic}; in brackets the multiple of ours.\n");
    let mut lines = Vec::new();
    table::print_head();
    for row in ROWS.iter().filter(|row| options.wants(row.name)) {
        let size = row.size(options.quick);
        let rounds: Vec<_> = (0..options.rounds)
            .map(|_| columns.measure(row, size))
            .collect();
        let cells: [Cell; COLUMNS.len()] = std::array::from_fn(|column| {
            Cell::nanoseconds(
                rounds.iter().filter_map(|round| round[column]),
                options.statistic,
                options.why_missing(),
            )
        });
        table::print_row(row.name, &cells);
        lines.push((row.name.to_owned(), cells));
    }
    if options.wants(memory::NAME) {
        let cells = memory::measure(&options);
        table::print_row(memory::NAME, &cells);
        lines.push((memory::NAME.to_owned(), cells));
    }
    println!("\nWhat the rows measure:\n");
    for row in ROWS.iter().filter(|row| options.wants(row.name)) {
        println!("- **{}**: {}", row.name, row.meaning);
    }
    if options.wants(memory::NAME) {
        println!("- **{}**: {}", memory::NAME, memory::meaning());
    }
    match options.plots {
        true => finish(said(plots::write(&run, &statistic, &lines))),
        false => ExitCode::SUCCESS,
    }
}

/// Says what went wrong with the book's files.
fn said(written: std::io::Result<()>) -> Result<(), String> {
    written.map_err(|error| format!("the plots could not be written: {error}"))
}

fn finish(done: Result<(), String>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
