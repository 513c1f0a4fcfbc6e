//! Holds the exercises to their rules: every starter fails for the stated reason, every solution passes, every attempt does as it should, every right answer is what the program prints.
//!
//! `CONTRIBUTING.md` has the rules for authors.
//! All of this works on copies of the authors' files, so nothing depends on what a reader has done in `work/`.

mod commands;
mod copy;
mod editor;
#[path = "../lines/mod.rs"]
mod lines;
mod new;
mod page;
mod programs;
mod progress;
mod rules;
mod watch;

use std::env;
use std::process::ExitCode;

use anyhow::Result;
use libtest_mimic::{Arguments, Trial};
use workbook::exercises::catalog::Catalog;
use workbook::programs::cargo;
use workbook::programs::compile::Compiler;
use workbook::programs::python::Python;
use workbook::supervisor;
use workbook::supervisor::limits::Limits;

use crate::copy::Copy;

/// What all trials share; it lives as long as the process.
pub struct Context {
    /// A copy that nobody changes.
    pub copy: Copy,
    pub catalog: Catalog,
    pub compiler: Compiler,
    /// Or why there is none.
    pub clippy: Result<Compiler, String>,
    /// Or why there is none.
    pub python: Result<Python, String>,
}

fn main() -> Result<ExitCode> {
    if let Some(end) = supervisor::take_part() {
        return Ok(end);
    }
    let args = Arguments::from_args();
    let workspace = cargo::workspace();
    let copy = Copy::new();
    let context: &'static Context = Box::leak(Box::new(Context {
        catalog: copy.catalog(),
        copy,
        compiler: Compiler::find(&workspace, Limits::compiler())?,
        clippy: Compiler::find_clippy(&workspace).map_err(|error| format!("{error:#}")),
        python: Python::find(),
    }));
    let missing = [context.python.as_ref().err(), context.clippy.as_ref().err()];
    for why in missing.into_iter().flatten() {
        eprintln!("note: some tests are skipped: {why}");
    }
    let mut trials = rules::trials(context);
    trials.extend(programs::trials(context));
    trials.extend(new::trials(context));
    trials.extend(commands::trials());
    trials.extend(watch::trials());
    trials.extend(editor::trials());
    trials.extend(progress::trials());
    trials.extend(page::trials());
    let conclusion = libtest_mimic::run(&args, trials);
    // The copy is behind a reference that never ends.
    context.copy.remove();
    Ok(conclusion.exit_code())
}

/// A trial that needs something which may be missing: then it is skipped, or fails where everything is required.
pub fn skip_unless(available: bool, trial: Trial) -> Trial {
    trial.with_ignored_flag(!available && env::var_os("WORKBOOK_REQUIRE_ALL").is_none())
}
