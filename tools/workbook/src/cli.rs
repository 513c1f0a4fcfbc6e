//! What the reader can ask for on the command line.

use std::num::NonZero;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::book::Book;
use crate::exercises::commands;
use crate::new::New;
use crate::preprocess;
use crate::run::bench;
use crate::run::origin::Origin;
use crate::serve::{self, Options};
use crate::supervisor::limits::{Limits, parse_limits};

/// Reads, runs and checks the workbook. Without a command it serves the book and opens it in the browser.
#[derive(Debug, Parser)]
#[command(name = "workbook", bin_name = "cargo run --", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the book as a folder of web pages that needs no program to read it
    Build(BuildArgs),

    #[command(flatten)]
    Exercises(commands::Command),

    /// Make the files of a chapter, an exercise, a scenario or a case, for those who write the workbook
    New(New),

    /// Change the chapters that mdBook hands over, for `mdbook build`
    #[command(hide = true)]
    Preprocess {
        #[command(subcommand)]
        asked: Option<Asked>,
    },

    /// Measure how long it takes from a click on Run to the first output, and on Check to the answer
    BenchRun(BenchArgs),
}

/// What mdBook wants to know before it hands the chapters over.
#[derive(Debug, Subcommand)]
enum Asked {
    /// Whether this renderer gets them: any does
    Supports { renderer: String },
}

#[derive(Debug, Args)]
struct ServeArgs {
    #[command(flatten)]
    book: BookArgs,

    /// The port to listen on; 0 takes any free one
    #[arg(long, value_name = "N", default_value_t = 8377)]
    port: u16,

    /// The beginning of the address that you open, if a port is forwarded here, as from a container or by an editor
    #[arg(long, value_name = "URL")]
    origin: Option<Origin>,

    /// Print the address with the secret of this start, and do not open the browser
    #[arg(long)]
    no_open: bool,

    /// The limits of a program as JSON, for tests
    #[arg(long, value_name = "JSON", value_parser = parse_limits, hide = true)]
    limits: Option<Limits>,

    /// The limits of the compiler as JSON, for tests
    #[arg(long, value_name = "JSON", value_parser = parse_limits, hide = true)]
    compiler_limits: Option<Limits>,
}

#[derive(Debug, Args)]
struct BenchArgs {
    /// How many edited programs to run
    #[arg(long, value_name = "N", default_value_t = NonZero::new(20).expect("it is not zero"))]
    programs: NonZero<usize>,
}

#[derive(Debug, Args)]
struct BuildArgs {
    #[command(flatten)]
    book: BookArgs,

    /// The folder to write to; it must be new, empty, or hold an earlier build
    #[arg(long, value_name = "DIR")]
    dest: PathBuf,
}

#[derive(Debug, Args)]
struct BookArgs {
    /// The folder that holds book.toml, if it is not this project's book/
    #[arg(long, value_name = "DIR")]
    book: Option<PathBuf>,
}

impl Cli {
    /// Does what was asked for.
    pub fn run(self) -> Result<()> {
        // mdBook reports what it only half likes through this.
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
            .with_target(false)
            .without_time()
            .init();
        match self.command {
            None => {
                let book = Book::find(self.serve.book.book.as_deref())?;
                serve::serve(
                    book,
                    Options {
                        port: self.serve.port,
                        origin: self.serve.origin,
                        open: !self.serve.no_open,
                        limits: self.serve.limits.unwrap_or_default(),
                        compiler_limits: self.serve.compiler_limits.unwrap_or_else(Limits::compiler),
                    },
                )
            }
            Some(Command::Build(args)) => {
                let book = Book::find(args.book.book.as_deref())?;
                book.build(&args.dest)?;
                eprintln!("the book is in {}", args.dest.display());
                Ok(())
            }
            Some(Command::Exercises(command)) => command.run(),
            Some(Command::New(new)) => new.run(),
            Some(Command::Preprocess { asked: Some(Asked::Supports { .. }) }) => Ok(()),
            Some(Command::Preprocess { asked: None }) => preprocess::speak(),
            Some(Command::BenchRun(args)) => bench::bench(args.programs.get()),
        }
    }
}
