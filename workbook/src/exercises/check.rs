//! Checking one exercise: its checks are compiled with the reader's file, and run.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::catalog::{Catalog, Choice, Exercise};
use crate::programs::cargo;
use crate::programs::compile::{Compiler, Source};
use crate::programs::compiled::Compiled;
use crate::programs::process::{self, Ended};
use crate::programs::program::in_empty_folder;
use crate::programs::recipe::SOURCE;

/// A check program stops itself earlier, with a better message; this is for one that cannot.
const LIMIT: Duration = Duration::from_secs(30);

/// What came of a check.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    pub passed: bool,
    /// What the compiler said, if it refused the program or if a check failed.
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

/// Compiles the checks of an exercise with this text in the place of the reader's file.
pub fn compile(
    compiler: &Compiler,
    catalog: &Catalog,
    exercise: &Exercise,
    text: &str,
) -> Result<Compiled> {
    let shown_checks = format!("exercises/checks/{}/{}.rs", exercise.slug, exercise.name);
    compiler.compile_files(&[
        Source {
            path: SOURCE,
            shown: &shown_checks,
            text: &catalog.checks(exercise)?,
        },
        Source {
            path: "src/exercise.rs",
            shown: &catalog.shown(exercise),
            text,
        },
    ])
}

/// Checks this text as the reader's file.
pub fn check(
    compiler: &Compiler,
    catalog: &Catalog,
    exercise: &Exercise,
    text: &str,
) -> Result<Outcome> {
    let compiled = compile(compiler, catalog, exercise, text)?;
    let Some(executable) = &compiled.executable else {
        return Ok(Outcome {
            compiler: compiled.rendered(),
            problem: Some("the program does not compile".to_owned()),
            ..Outcome::default()
        });
    };
    let mut outcome = match run(executable, exercise) {
        Ok(ended) => outcome(ended),
        Err(error) => Outcome {
            problem: Some(error.to_string()),
            ..Outcome::default()
        },
    };
    if !outcome.passed {
        outcome.compiler = compiled.rendered();
    }
    Ok(outcome)
}

fn run(executable: &Path, exercise: &Exercise) -> Result<Ended> {
    let mut command = Command::new(executable);
    command.env("EXERCISE_READ", exercise.read_file());
    in_empty_folder(command, LIMIT)
}

/// Reads the report in the last line; everything before it is for people.
fn outcome(ended: Ended) -> Outcome {
    let text = ended.stdout.trim_end();
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let Ok(report) = serde_json::from_str::<Report>(last) else {
        return Outcome {
            output: ended.stdout + &ended.stderr,
            problem: Some(format!(
                "the program ended with {} in the middle of a check",
                ended.status
            )),
            ..Outcome::default()
        };
    };
    Outcome {
        passed: report.passed && ended.status.success(),
        output: join(before, &ended.stderr),
        checks: report.checks,
        ..Outcome::default()
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
