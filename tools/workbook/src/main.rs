use std::io::{self, Write};
use std::panic;
use std::process::{self, ExitCode};

use clap::Parser;
use workbook::cli::Cli;
use workbook::supervisor;

fn main() -> ExitCode {
    if let Some(end) = supervisor::take_part() {
        return end;
    }
    end_with_the_reader();
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What the system says of a pipe that nobody reads any more; in numbers, because its words may be in the reader's language.
const NOBODY_READS: &[&str] =
    if cfg!(windows) { &["(os error 109)", "(os error 232)", "(os error 233)"] } else { &["(os error 32)"] };

/// Ends in silence when whoever reads the output has seen enough, as `head` does, and closes the pipe; otherwise, as on a full disk, with an error.
///
/// Choice: `println!` and `eprintln!` panic then, and say so in these words; the other way is to look at the result of every line.
fn end_with_the_reader() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let message = info.payload().downcast_ref::<String>();
        let Some(why) = message.and_then(|text| text.strip_prefix("failed printing to ")) else {
            return usual(info);
        };
        let on_stdout = why.starts_with("stdout");
        let has_seen_enough = NOBODY_READS.iter().any(|end| why.ends_with(end));
        if !has_seen_enough {
            // The other stream may be as full.
            let _ = writeln!(io::stderr(), "error: cannot write to {why}");
        }
        process::exit(if on_stdout && has_seen_enough { 0 } else { 1 });
    }));
}
