//! The Markdown table.

use crate::engine::COLUMNS;

/// One figure of the table, or why there is none.
pub type Cell = Result<f64, &'static str>;

/// Writes a figure without digits that mean nothing.
pub fn rounded(figure: f64) -> String {
    let digits = usize::from(figure < 9.95);
    format!("{figure:.digits$}")
}

pub fn print_head() {
    println!("| operation | {} |", COLUMNS.join(" | "));
    println!("|---{}|", "|--:".repeat(COLUMNS.len()));
}

/// Prints our figure, and the others' with their multiple of ours.
pub fn print_row(name: &str, cells: &[Cell; COLUMNS.len()]) {
    print!("| {name} |");
    for (column, cell) in cells.iter().enumerate() {
        match (cell, cells[0]) {
            (Ok(figure), Ok(ours)) if column > 0 => {
                print!(" {} ({:.1}×) |", rounded(*figure), figure / ours);
            }
            (Ok(figure), _) => print!(" {} |", rounded(*figure)),
            (Err(why), _) => print!(" {why} |"),
        }
    }
    println!();
}
