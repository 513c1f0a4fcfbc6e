//! Checking one exercise: its checks are compiled with the reader's file, and run.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::catalog::{Catalog, Choice, Exercise};
use super::work::Work;
use crate::programs::compile::{Compiler, File, SOURCE, Source, Unfinished};
use crate::programs::program::run_now;
use crate::supervisor::limits::Limits;
use crate::supervisor::{Ended, Job, Supervisor, Why};

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

/// The checks of an exercise with this text in the place of the reader's file.
pub fn source(catalog: &Catalog, exercise: &Exercise, text: &str) -> Result<Source> {
    let shown_checks = format!("exercises/{}/{}/check.rs", exercise.slug, exercise.name);
    Ok(Source::of_files(vec![
        File { path: SOURCE.to_owned(), shown: shown_checks, text: catalog.checks(exercise)? },
        File { path: "src/exercise.rs".to_owned(), shown: Work::shown(exercise), text: text.to_owned() },
    ]))
}

/// Checks this text as the reader's file, in a folder that is made for it and goes with it; gives nothing if the order to stop came.
///
/// A constant or a macro can keep the compiler busy for ever, so it has limits, too.
pub async fn check(
    compiler: &Compiler,
    catalog: &Catalog,
    exercise: &Exercise,
    text: &str,
    folder: &Path,
    by: &mut Supervisor,
) -> Result<Option<Outcome>> {
    let source = source(catalog, exercise, text)?;
    let compiled = match compiler.compile(&source, by).await {
        Ok(compiled) => compiled,
        Err(error) => {
            let problem = Some(error.to_string());
            let Unfinished { end, said } = error.downcast()?;
            let outcome = Outcome { compiler: said, problem, ..Outcome::default() };
            return Ok(Some(outcome).filter(|_| end.why != Some(Why::Stopped)));
        }
    };
    let Some(executable) = &compiled.executable else {
        return Ok(Some(Outcome {
            compiler: compiled.rendered(),
            problem: Some("the program does not compile".to_owned()),
            ..Outcome::default()
        }));
    };
    let ended = run(executable, exercise, folder, by).await?;
    if ended.end.why == Some(Why::Stopped) {
        return Ok(None);
    }
    let mut outcome = outcome(ended);
    if !outcome.passed {
        outcome.compiler = compiled.rendered();
    }
    Ok(Some(outcome))
}

/// Runs a check program under the limits of a program on the page, because both are the reader's.
async fn run(executable: &Path, exercise: &Exercise, folder: &Path, by: &mut Supervisor) -> Result<Ended> {
    let limits = Limits { wall: WALL, ..Limits::default() };
    let mut job = Job { private: true, ..Job::new(executable.to_path_buf(), folder, limits) };
    let told = ("EXERCISE_READ".to_owned(), exercise.read_file());
    job.environment.push(told);
    let seconds = env::var(SECONDS).map(|seconds| (SECONDS.to_owned(), seconds));
    job.environment.extend(seconds);
    by.run(job).await
}

/// Reads the report in the last line; everything before it is for people.
fn outcome(done: Ended) -> Outcome {
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
            let how = done.end.how();
            let printed = join(&done.stdout, &done.stderr);
            Outcome {
                output: printed.chars().take(SHOWN).collect(),
                problem: Some(format!("the program did not come to the end of its checks: {how}")),
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
pub fn print(compiler: &Compiler, code: &str) -> Result<String> {
    let compiled = compiler.compile_now(&Source::of(code))?;
    let executable =
        compiled.executable.as_ref().ok_or_else(|| anyhow::anyhow!("it does not compile:\n{}", compiled.rendered()))?;
    let ended = run_now(&Command::new(executable))?;
    anyhow::ensure!(ended.end.ok(), "{}\n{}", ended.end.how(), ended.stderr);
    Ok(ended.stdout)
}

/// The answer that a letter stands for, or what else could be meant.
pub fn choice<'a>(exercise: &'a Exercise, letter: &str) -> Result<&'a Choice> {
    let wanted = letter.trim().to_lowercase();
    let letters: Vec<&str> = exercise.choices.iter().map(|c| c.letter.as_str()).collect();
    exercise.choices.iter().find(|choice| choice.letter == wanted).ok_or_else(|| {
        anyhow::anyhow!("`{letter}` is no answer to {}: choose one of {}", exercise.name, letters.join(", "))
    })
}
