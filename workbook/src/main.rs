use std::panic;
use std::process::{self, ExitCode};

use clap::Parser;
use workbook::cli::Cli;

fn main() -> ExitCode {
    end_with_the_reader();
    match Cli::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ends in silence when whoever reads the output has seen enough, as `head` does, and closes the pipe.
///
/// Choice: `println!` panics then, and says so in these words; the other way is to look at the result of every line.
fn end_with_the_reader() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let message = info.payload().downcast_ref::<String>();
        if message.is_some_and(|message| message.starts_with("failed printing to stdout")) {
            process::exit(0);
        }
        usual(info);
    }));
}
