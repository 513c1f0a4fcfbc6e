//! The figures of one plot, as a text that people can read.

use std::fmt::{self, Write};

use crate::table::rounded;

/// The figures of one plot, with what a reader must know of the run.
pub struct Record {
    /// The date, the machine and the versions.
    pub run: String,
    pub unit: String,
    pub label: String,
    pub columns: Vec<String>,
    /// `None` where nothing was measured.
    pub rows: Vec<(String, Vec<Option<f64>>)>,
}

/// What stands for a figure that there is not.
const NOTHING: &str = "–";

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n", self.run, self.unit)?;
        let first = self.rows.iter().map(|(label, _)| label.len());
        let first = first.max().unwrap_or(0).max(self.label.len());
        write!(f, "{:<first$}", self.label)?;
        for column in &self.columns {
            write!(f, "  {column}")?;
        }
        for (label, figures) in &self.rows {
            write!(f, "\n{label:<first$}")?;
            for (column, figure) in self.columns.iter().zip(figures) {
                let figure = figure.map_or(NOTHING.to_owned(), rounded);
                write!(f, "  {figure:>0$}", column.len())?;
            }
        }
        f.write_char('\n')
    }
}

impl Record {
    /// Reads what `to_string` wrote.
    pub fn parse(text: &str) -> Option<Record> {
        let mut lines = text.lines();
        let (run, unit) = (lines.next()?.to_owned(), lines.next()?.to_owned());
        let mut rows = lines.skip(1).map(|line| {
            // A label may be empty, and then the line begins with the space around the next cell.
            let (label, rest) = line.split_once("  ")?;
            let cells = rest.split("  ").map(str::trim);
            let cells = cells.filter(|cell| !cell.is_empty()).map(str::to_owned);
            Some((label.to_owned(), cells.collect::<Vec<_>>()))
        });
        let (label, columns) = rows.next()??;
        let rows = rows.map(|row| {
            let (label, cells) = row?;
            Some((label, cells.iter().map(|cell| cell.parse().ok()).collect()))
        });
        Some(Record { run, unit, label, columns, rows: rows.collect::<Option<_>>()? })
    }
}
