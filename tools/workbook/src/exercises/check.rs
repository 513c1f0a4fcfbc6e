//! Checking one exercise: its checks are compiled with the reader's file, and run.

use std::env;
use std::error::Error;
use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::alone::{self, Done};
use super::catalog::{Catalog, Choice, Exercise};
use super::work::Work;
use crate::programs::cargo;
use crate::programs::compile::{Called, Compiler, SOURCE, Source};
use crate::programs::compiled::Compiled;
use crate::programs::process;
use crate::programs::program::in_empty_folder;
use crate::run::job::Job;
use crate::run::kit::{compiler_environment, program_environment, readable, unfinished};
use crate::run::limits::Limits;

/// A check program stops itself after ten seconds, with a better message; these are milliseconds for one that cannot.
const WALL: u64 = 30_000;

/// How many characters of what a program has printed are shown if it did not come to its end.
const SHOWN: usize = 2000;

/// What a reader may set for a check program, beside what every program gets: the seconds until it stops itself.
const SECONDS: &str = "EXERCISE_SECONDS";

/// What came of a check.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    pub passed: bool,
    /// What the compiler said, if it made no program or if a check failed.
    pub compiler: String,
    /// What the program printed.
    pub output: String,
    pub checks: Vec<Check>,
    /// What else went wrong, in one sentence.
    pub problem: Option<String>,
}

/// One check as the check program reports it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Check {
    pub id: String,
    pub claim: String,
    pub passed: bool,
    pub expected: Option<String>,
    pub seen: Option<String>,
}

/// The last line that a check program prints.
#[derive(Deserialize)]
struct Report {
    passed: bool,
    checks: Vec<Check>,
}

/// The compiler did not come to its end with a reader's program.
#[derive(Debug)]
struct Unfinished {
    /// Why, in one sentence.
    why: String,
    /// What the compiler had said.
    said: String,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Error for Unfinished {}

/// Compiles the checks of an exercise with this text in the place of the reader's file.
///
/// A constant or a macro can keep the compiler busy for ever, so it has limits, too.
pub fn compile(
    compiler: &Compiler,
    limits: Limits,
    catalog: &Catalog,
    exercise: &Exercise,
    text: &str,
) -> Result<Compiled> {
    let shown_checks = format!("exercises/{}/{}/check.rs", exercise.slug, exercise.name);
    let files = [
        Source {
            path: SOURCE,
            shown: &shown_checks,
            text: &catalog.checks(exercise)?,
        },
        Source {
            path: "src/exercise.rs",
            shown: &Work::shown(exercise),
            text,
        },
    ];
    compiler.compile_by(&files, |args, folder| {
        let done = alone::run(&Job {
            program: compiler.rustc().to_path_buf(),
            args: args.to_vec(),
            environment: compiler_environment(folder),
            folder: folder.to_path_buf(),
            private: false,
            limits,
            background: false,
        })?;
        if done.end.why.is_some() || done.end.status.is_none() {
            return Err(Unfinished {
                why: unfinished(&done.end),
                said: readable(done.stderr),
            }
            .into());
        }
        Ok(Called {
            success: done.end.ok(),
            stderr: done.stderr,
        })
    })
}

/// Checks this text as the reader's file; the limits are the compiler's.
pub fn check(
    compiler: &Compiler,
    limits: Limits,
    catalog: &Catalog,
    exercise: &Exercise,
    text: &str,
) -> Result<Outcome> {
    let compiled = match compile(compiler, limits, catalog, exercise, text) {
        Ok(compiled) => compiled,
        Err(error) => {
            let Unfinished { why, said } = error.downcast()?;
            return Ok(Outcome {
                compiler: said,
                problem: Some(why),
                ..Outcome::default()
            });
        }
    };
    let Some(executable) = &compiled.executable else {
        return Ok(Outcome {
            compiler: compiled.rendered(),
            problem: Some("the program does not compile".to_owned()),
            ..Outcome::default()
        });
    };
    let mut outcome = outcome(run(executable, exercise)?);
    if !outcome.passed {
        outcome.compiler = compiled.rendered();
    }
    Ok(outcome)
}

/// Runs a check program under the limits of a program on the page, because both are the reader's.
fn run(executable: &Path, exercise: &Exercise) -> Result<Done> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut environment = program_environment(folder.path());
    environment.push(("EXERCISE_READ".to_owned(), exercise.read_file()));
    environment.extend(env::var(SECONDS).map(|seconds| (SECONDS.to_owned(), seconds)));
    alone::run(&Job {
        program: executable.to_path_buf(),
        args: Vec::new(),
        environment,
        folder: folder.path().to_path_buf(),
        private: false,
        limits: Limits {
            wall: WALL,
            ..Limits::default()
        },
        background: false,
    })
}

/// Reads the report in the last line; everything before it is for people.
fn outcome(done: Done) -> Outcome {
    let text = done.stdout.trim_end();
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    match serde_json::from_str::<Report>(last) {
        Ok(report) if done.end.why.is_none() => Outcome {
            passed: report.passed && done.end.ok(),
            output: join(before, &done.stderr),
            checks: report.checks,
            ..Outcome::default()
        },
        _ => {
            let how = match (done.end.message, done.end.status) {
                (Some(message), _) => message,
                (None, Some(status)) => format!("it ended with exit status {status}"),
                (None, None) => "nobody knows why".to_owned(),
            };
            let printed = join(&done.stdout, &done.stderr);
            Outcome {
                output: printed.chars().take(SHOWN).collect(),
                problem: Some(format!(
                    "the program did not come to the end of its checks: {how}"
                )),
                ..Outcome::default()
            }
        }
    }
}

fn join(stdout: &str, stderr: &str) -> String {
    let parts = [stdout.trim_end(), stderr.trim_end()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

/// What a program to predict prints.
pub fn print(compiler: &Compiler, source: &str) -> Result<String> {
    let compiled = compiler.compile(source)?;
    let executable = compiled
        .executable
        .as_ref()
        .ok_or_else(|| anyhow::anyhow!("it does not compile:\n{}", compiled.rendered()))?;
    let ended = in_empty_folder(Command::new(executable), process::LIMIT)?;
    anyhow::ensure!(
        ended.status.success(),
        "it ended with {}\n{}",
        ended.status,
        ended.stderr
    );
    Ok(ended.stdout)
}

/// The answer that a letter stands for, or what else could be meant.
pub fn choice<'a>(exercise: &'a Exercise, letter: &str) -> Result<&'a Choice> {
    let wanted = letter.trim().to_lowercase();
    let letters: Vec<&str> = exercise.choices.iter().map(|c| c.letter.as_str()).collect();
    exercise
        .choices
        .iter()
        .find(|choice| choice.letter == wanted)
        .ok_or_else(|| {
            anyhow::anyhow!(
                "`{letter}` is no answer to {}: choose one of {}",
                exercise.name,
                letters.join(", ")
            )
        })
}

/// The compiler for all exercises; it builds what they are linked with first.
pub fn compiler() -> Result<Compiler> {
    Compiler::find(&cargo::workspace())
}
