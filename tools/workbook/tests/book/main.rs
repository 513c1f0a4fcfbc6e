//! Holds the book to its rules: every program is compiled and run, every output compared, every link followed.
//!
//! `CONTRIBUTING.md` has the rules for authors.
//! This test has a `main` of its own, because it ends by starting skeptic's tests with a compiler of ours, which is this same executable (see `skeptic.rs`).

mod appendices;
mod compiler;
mod counts;
mod cures;
mod examples;
mod features;
mod fixtures;
mod links;
mod programs;
mod skeptic;
mod take_home;
mod tidy;

use std::env;
use std::process::{Command, ExitCode};
use std::sync::RwLock;

use anyhow::Result;
use libtest_mimic::{Arguments, Trial};
use workbook::book::Book;
use workbook::programs::chapter::{self, Chapter};
use workbook::programs::compile::Compiler;
use workbook::programs::program::{QUOTED, is_quoted};
use workbook::programs::python::Python;
use workbook::supervisor;
use workbook::supervisor::limits::Limits;

use crate::counts::Counts;

/// What all trials share; it lives as long as the process.
struct Context {
    book: Book,
    compiler: Compiler,
    /// Or why there is none.
    python: Result<Python, String>,
    has_redis_server: bool,
    counts: Counts,
    /// Shared by all that keeps a core busy; what compares times has the cores alone.
    cores: RwLock<()>,
}

impl Context {
    /// Says what a Python program needs that this machine lacks.
    fn python_lacks(&self, source: &str) -> Option<String> {
        match &self.python {
            Ok(python) => python.lacks(source),
            Err(why) => Some(why.clone()),
        }
    }

    /// Says that a program starts a Redis server of its own, and that this machine has none.
    fn server_lacks(&self, source: &str) -> Option<String> {
        let starts_one = source.contains("private_redis");
        (starts_one && !self.has_redis_server)
            .then(|| "there is no redis-server: apt-get install redis-server".to_owned())
    }
}

fn main() -> Result<ExitCode> {
    if let Some(end) = supervisor::take_part() {
        return Ok(end);
    }
    if let Some(code) = skeptic::stand_in()? {
        return Ok(code);
    }
    let args = Arguments::from_args();
    let book = Book::find(None)?;
    let chapters: &'static [Chapter] = chapter::read_all(&book.folder().join("src"))?.leak();
    let context: &'static Context = Box::leak(Box::new(Context {
        compiler: Compiler::find(book.project(), Limits::compiler())?,
        book,
        python: Python::find(),
        has_redis_server: Command::new("redis-server")
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success()),
        counts: Counts::default(),
        cores: RwLock::default(),
    }));
    if !is_quoted(&context.compiler) {
        context.counts.skip(&format!(
            "the compiler's words are those of rustc {QUOTED} and not compared with those of {}; `cargo +{QUOTED} test` does",
            context.compiler.release()
        ));
    }
    let mut trials = tidy::trials(context, chapters);
    trials.extend(programs::trials(context, chapters));
    trials.extend(cures::trials(context, chapters));
    trials.extend(examples::trials(context)?);
    trials.extend(links::trials(context));
    trials.extend(fixtures::trials(context));
    trials.extend(compiler::trials(context));
    trials.extend(take_home::trials(context, chapters));
    trials.extend(features::trials(context, chapters));
    trials.extend(appendices::trials(context, chapters, &trials));
    let conclusion = libtest_mimic::run(&args, trials);
    if args.list {
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}\n", context.counts.line(chapters));
    // Skeptic sets no limit on time, so it runs only what has passed here.
    if conclusion.has_failed() {
        println!("skeptic runs when these tests pass\n");
        return Ok(ExitCode::from(101));
    }
    // A filter names trials of ours, which skeptic does not know.
    if args.filter.is_some() || !args.skip.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    skeptic::run(context, chapters)
}

/// A trial that needs something which may be missing: then it is skipped, or fails where everything is required.
fn skip_unless(available: bool, trial: Trial) -> Trial {
    trial.with_ignored_flag(!available && env::var_os("WORKBOOK_REQUIRE_ALL").is_none())
}
