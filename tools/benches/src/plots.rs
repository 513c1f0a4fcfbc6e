//! What the book keeps of a run: one small text for each plot, which is drawn from that text alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::engine::COLUMNS;
use crate::memory;
use crate::plot;
use crate::record::Record;
use crate::table::Cell;

/// A row of the table, by its name.
pub type Line = (String, [Cell; COLUMNS.len()]);

/// One plot: which rows of the table it shows, and how it is drawn.
pub struct Plot {
    /// The name of its two files.
    pub name: &'static str,
    pub title: &'static str,
    /// What the figures are, and the first column's head.
    unit: &'static str,
    label: &'static str,
    /// Whether the figures come from interleaved rounds.
    in_rounds: bool,
    /// Gives the label of a row of the table, if the plot shows it.
    pick: fn(&str) -> Option<&str>,
    pub draw: fn(&Plot, &Record) -> String,
}

pub const PLOTS: [Plot; 3] = [
    Plot {
        name: "runtimes_growth",
        title: "Nanoseconds for each task; both axes are logarithmic",
        unit: "Nanoseconds to make one task, give it one turn, and await it",
        label: "tasks at a time",
        in_rounds: true,
        pick: |row| row.strip_prefix("spawn + yield, ")?.strip_suffix(" tasks"),
        draw: plot::lines,
    },
    Plot {
        name: "runtimes_operations",
        title: "Nanoseconds for each operation; the axis is logarithmic",
        unit: "Nanoseconds for each operation",
        label: "operation",
        in_rounds: true,
        pick: |row| OPERATIONS.into_iter().find(|operation| *operation == row),
        draw: plot::marks,
    },
    Plot {
        name: "runtimes_memory",
        title: "Bytes of memory for each idle task",
        unit: "Bytes of resident memory, measured over a million tasks (Python: 100,000)",
        label: "",
        in_rounds: false,
        pick: |row| (row == memory::NAME).then_some("one idle task"),
        draw: plot::bars,
    },
];

const OPERATIONS: [&str; 7] =
    ["spawn + await", "yield_now", "gather of 1,000", "queue put + get", "ping-pong", "10,000 timers", "TCP echo"];

impl Plot {
    /// Takes this plot's figures out of the table.
    fn record(&self, run: &str, statistic: &str, lines: &[Line]) -> Record {
        let rows = lines.iter().filter_map(|(name, cells)| {
            let figures = cells.iter().map(|cell| cell.ok()).collect();
            Some(((self.pick)(name)?.to_owned(), figures))
        });
        Record {
            run: run.to_owned(),
            unit: match self.in_rounds {
                true => format!("{}; {statistic}", self.unit),
                false => self.unit.to_owned(),
            },
            label: self.label.to_owned(),
            columns: COLUMNS.map(str::to_owned).to_vec(),
            rows: rows.collect(),
        }
    }

    /// The text, and the drawing.
    pub fn files(&self) -> [PathBuf; 2] {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        [
            project.join(format!("examples/measured/{}.txt", self.name)),
            project.join(format!("book/plots/{}.svg", self.name)),
        ]
    }

    /// Reads what the book keeps of the last run.
    pub fn kept(&self) -> Result<Record> {
        let [text, _] = self.files();
        let record = fs::read_to_string(&text).map(|text| Record::parse(&text));
        record.ok().flatten().with_context(|| format!("there are no figures in {}", text.display()))
    }
}

/// Draws again from the texts in the book, after a change of the drawing.
pub fn redraw() -> Result<()> {
    for plot in &PLOTS {
        let [_, drawing] = plot.files();
        fs::write(drawing, (plot.draw)(plot, &plot.kept()?))?;
    }
    Ok(())
}

/// Writes the texts and the drawings into the book.
pub fn write(run: &str, statistic: &str, lines: &[Line]) -> Result<()> {
    for plot in &PLOTS {
        let [text, _] = plot.files();
        fs::write(text, plot.record(run, statistic, lines).to_string())?;
    }
    redraw()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the least and the most of some columns of a row.
    fn range(figures: &[Option<f64>]) -> (f64, f64) {
        let figures = || figures.iter().map(|figure| figure.expect("every engine"));
        let least = figures().fold(f64::INFINITY, f64::min);
        (least, figures().fold(0.0, f64::max))
    }

    const RUST: std::ops::Range<usize> = 0..4;
    const PYTHON: std::ops::Range<usize> = 4..6;

    // What follows are the sentences of book/src/runtimes.md.

    #[test]
    fn a_task_costs_less_on_every_rust_engine_than_on_every_python_engine() {
        let record = PLOTS[0].kept().unwrap();
        let numbers: Vec<_> = record.rows.iter().map(|(label, _)| label.as_str()).collect();
        assert_eq!(numbers, ["10", "100", "1,000", "10,000", "100,000", "1,000,000"]);
        for (label, figures) in &record.rows {
            assert!(range(&figures[RUST]).1 < range(&figures[PYTHON]).0, "{label}");
        }
    }

    #[test]
    fn one_of_a_million_tasks_costs_less_than_ten_times_as_much_as_one_of_ten() {
        let record = PLOTS[0].kept().unwrap();
        let (few, many) = (&record.rows[0].1, &record.rows[5].1);
        for (few, many) in few.iter().zip(many) {
            assert!(many.unwrap() < 10.0 * few.unwrap());
        }
    }

    #[test]
    fn the_engines_are_closer_to_each_other_where_the_system_works() {
        let record = PLOTS[1].kept().unwrap();
        let spread = |operation: &str| {
            let row = record.rows.iter().find(|(label, _)| label == operation);
            let (least, most) = range(&row.unwrap().1);
            most / least
        };
        for operation in ["spawn + await", "queue put + get", "ping-pong"] {
            assert!(spread("TCP echo") < spread(operation), "{operation}");
        }
    }

    #[test]
    fn an_idle_task_takes_less_than_a_kilobyte() {
        let record = PLOTS[2].kept().unwrap();
        assert!(range(&record.rows[0].1).1 < 1_000.0);
    }
}
