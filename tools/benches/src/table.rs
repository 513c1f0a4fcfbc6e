//! The Markdown table.

use std::fmt;
use std::time::Duration;

#[derive(Clone, Copy)]
pub enum Statistic {
    Median,
    Minimum,
}

impl Statistic {
    pub fn name(self) -> &'static str {
        match self {
            Statistic::Median => "median",
            Statistic::Minimum => "fastest",
        }
    }

    fn of(self, mut samples: Vec<f64>) -> Option<f64> {
        samples.sort_by(f64::total_cmp);
        match self {
            Statistic::Median => samples.get(samples.len() / 2).copied(),
            Statistic::Minimum => samples.first().copied(),
        }
    }
}

/// One figure of the table, or why there is none.
pub enum Cell {
    Figure(f64),
    Missing(&'static str),
}

/// The head of each column.
pub const COLUMNS: [&str; 6] = [
    "ours",
    "Tokio current-thread",
    "Tokio multi-thread",
    "smol",
    "asyncio",
    "uvloop",
];

/// Where the operating system does not tell.
pub const NOT_MEASURED: Cell = Cell::Missing("not measured");

impl Cell {
    pub fn figure(&self) -> Option<f64> {
        match self {
            Cell::Figure(figure) => Some(*figure),
            Cell::Missing(_) => None,
        }
    }

    pub fn nanoseconds(
        samples: impl Iterator<Item = Duration>,
        statistic: Statistic,
        missing: &'static str,
    ) -> Self {
        let samples = samples.map(|took| took.as_secs_f64() * 1e9).collect();
        statistic
            .of(samples)
            .map_or(Cell::Missing(missing), Cell::Figure)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Figure(figure) if *figure < 9.95 => write!(f, "{figure:.1}"),
            Cell::Figure(figure) => write!(f, "{figure:.0}"),
            Cell::Missing(why) => f.write_str(why),
        }
    }
}

pub fn print_head() {
    println!("| operation | {} |", COLUMNS.join(" | "));
    println!("|---{}|", "|--:".repeat(COLUMNS.len()));
}

/// Prints our figure, and the others' with their multiple of ours.
pub fn print_row(name: &str, cells: &[Cell; COLUMNS.len()]) {
    let [ours, others @ ..] = cells;
    print!("| {name} | {ours} |");
    for other in others {
        match (ours, other) {
            (Cell::Figure(base), Cell::Figure(figure)) => {
                print!(" {other} ({:.1}×) |", figure / base);
            }
            _ => print!(" {other} |"),
        }
    }
    println!();
}
