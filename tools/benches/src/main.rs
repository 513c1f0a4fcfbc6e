//! Measures the library beside Tokio, smol, asyncio and uvloop, and prints one Markdown table.
//!
//! `cargo run --release -p benches` takes a few minutes; `-- --help` lists the options.
//!
//! The measuring is done here and not by criterion or divan. Both take all samples of one function before they begin with the
//! next, and neither can ask a Python process; so a busy minute of the machine would fall on one column alone. Here every
//! round asks each column in turn, and the table gives the median of the rounds.

mod engine;
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
mod smol_side;
mod table;
mod tokio_side;

use std::array;

use anyhow::Result;
use clap::Parser;

use crate::engine::{COLUMNS, Engine};
use crate::options::Options;
use crate::rows::ROWS;
use crate::table::Cell;

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(column) = &options.memory {
        memory::measure_here(column, &options)
    } else if let Some(row) = &options.once {
        observer::measure_here(row)
    } else if options.observer {
        observer::compare(&options)
    } else if options.redraw {
        plots::redraw()
    } else {
        measure(&options)
    }
}

fn measure(options: &Options) -> Result<()> {
    let mut engines = COLUMNS.map(|column| Engine::start(column, options));
    let run = machine::describe(&engines);
    let (least, rounds) = (options.min, options.rounds());
    let statistic = if least { "fastest" } else { "median" };
    let statistic = format!("{statistic} of {rounds} interleaved rounds");
    println!("{run}.\nNanoseconds per operation, {statistic}; in brackets the multiple of ours.\n");
    let mut lines = Vec::new();
    table::print_head();
    for row in ROWS.iter().filter(|row| options.wants(row.name)) {
        let mut samples = COLUMNS.map(|_| Vec::new());
        for _ in 0..rounds {
            for (engine, samples) in engines.iter_mut().zip(&mut samples) {
                let sample = engine.as_mut().and_then(|engine| row.measure(engine, options.quick));
                samples.extend(sample);
            }
        }
        let cells: [Cell; COLUMNS.len()] = array::from_fn(|column| {
            let samples = &mut samples[column];
            samples.sort_by(f64::total_cmp);
            let chosen = samples.get(if least { 0 } else { samples.len() / 2 });
            chosen.copied().ok_or(options.why_missing(COLUMNS[column]))
        });
        table::print_row(row.name, &cells);
        lines.push((row.name.to_owned(), cells));
    }
    if options.wants(memory::NAME) {
        let cells: [Cell; COLUMNS.len()] = array::from_fn(|column| match engines[column] {
            Some(_) => memory::measure(COLUMNS[column], options).ok_or("not measured"),
            None => Err(options.why_missing(COLUMNS[column])),
        });
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
        true => plots::write(&run, &statistic, &lines),
        false => Ok(()),
    }
}
