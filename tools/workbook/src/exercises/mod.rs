//! The exercises: what a reader can do with them, whether from the terminal or from the page.
//!
//! The files in `exercises/` are the truth for both.
//! Starters, checks and solutions are the authors'; a reader's file is made of its starter and never overwritten without a copy.

mod alone;
pub mod catalog;
pub mod check;
pub mod commands;
pub mod progress;
pub mod terminal;
pub mod watch;
pub mod web;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::programs::compile::Compiler;
use crate::run::limits::Limits;
use catalog::{Catalog, Exercise, Kind};
use check::Outcome;
use progress::{Entry, Progress, Record};

/// The exercises of one folder, with the reader's progress and a compiler.
pub struct Exercises {
    folder: Option<PathBuf>,
    compiler_limits: Limits,
    compiler: OnceLock<Compiler>,
    /// Held while the compiler is looked for, so that cargo is started once.
    finding: Mutex<()>,
}

/// How far the reader is with an exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    New,
    Started,
    Solved,
}

/// What an answer to an exercise to predict was worth.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    pub right: bool,
    /// The explanation, or the misconception that the answer betrays.
    pub said: String,
}

impl Exercises {
    /// The exercises in this folder, or the project's own.
    pub fn new(folder: Option<PathBuf>, compiler_limits: Limits) -> Exercises {
        Exercises {
            folder,
            compiler_limits,
            compiler: OnceLock::new(),
            finding: Mutex::new(()),
        }
    }

    /// Reads the catalog as it is now.
    pub fn catalog(&self) -> Result<Catalog> {
        Catalog::open(self.folder.as_deref())
    }

    fn compiler(&self) -> Result<&Compiler> {
        let _finding = self.finding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiler) = self.compiler.get() {
            return Ok(compiler);
        }
        let found = check::compiler()?;
        Ok(self.compiler.get_or_init(|| found))
    }

    /// Checks the reader's file, and notes the attempt; an exercise to predict has [`Exercises::judge`].
    pub fn check(&self, catalog: &Catalog, exercise: &Exercise) -> Result<Outcome> {
        let text = catalog::read(&catalog.file(exercise))?;
        let limits = self.compiler_limits;
        let outcome = check::check(self.compiler()?, limits, catalog, exercise, &text)?;
        progress(catalog).update(&exercise.name, |entry| {
            entry.attempts += 1;
            if outcome.passed {
                entry.solve();
            }
        })?;
        Ok(outcome)
    }

    /// Keeps a letter as the reader's answer, and judges it.
    pub fn answer(&self, catalog: &Catalog, exercise: &Exercise, letter: &str) -> Result<Verdict> {
        if exercise.kind != Kind::Predict {
            bail!(
                "{} asks for a program, not for an answer: check it with `cargo run -- check {}`",
                exercise.name,
                exercise.name
            );
        }
        let choice = check::choice(exercise, letter)?;
        catalog::write(
            &catalog.answer_file(exercise),
            format!("{}\n", choice.letter),
        )?;
        self.judge(catalog, exercise, &choice.letter)
    }

    /// Judges an answer, and notes the attempt.
    pub fn judge(&self, catalog: &Catalog, exercise: &Exercise, letter: &str) -> Result<Verdict> {
        let choice = check::choice(exercise, letter)?;
        progress(catalog).update(&exercise.name, |entry| {
            entry.attempts += 1;
            if choice.right {
                entry.solve();
            }
        })?;
        let said = match &choice.misconception {
            Some(misconception) if !choice.right => misconception,
            _ => &exercise.explanation,
        };
        Ok(Verdict {
            right: choice.right,
            said: said.trim().to_owned(),
        })
    }

    /// Gives the next hint with its number; after the last one, the last one again.
    pub fn hint(&self, catalog: &Catalog, exercise: &Exercise) -> Result<(usize, String)> {
        let entry = progress(catalog).update(&exercise.name, |entry| {
            entry.hints = (entry.hints + 1).min(exercise.hints.len());
        })?;
        let hint = entry
            .hints
            .checked_sub(1)
            .and_then(|i| exercise.hints.get(i));
        let hint = hint.with_context(|| format!("{} has no hints", exercise.name))?;
        Ok((entry.hints, hint.trim().to_owned()))
    }

    /// Puts the starter back, and gives the file that keeps what was there, if it was anything else.
    pub fn reset(&self, catalog: &Catalog, exercise: &Exercise) -> Result<Option<PathBuf>> {
        let file = catalog.file(exercise);
        let starter = catalog.starter(exercise)?;
        // What is no text at all is kept, too.
        let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let kept = if text == starter.as_bytes() {
            None
        } else {
            let kept = keep(&file, &text)?;
            catalog::write(&file, starter)?;
            Some(kept)
        };
        let answer = catalog.answer_file(exercise);
        if answer.exists() {
            fs::remove_file(&answer)
                .with_context(|| format!("cannot remove {}", answer.display()))?;
        }
        progress(catalog).update(&exercise.name, |entry| entry.solved_at = None)?;
        Ok(kept)
    }

    /// Gives a solution, or the right answer; before the exercise is solved only to those who insist, and that is noted.
    pub fn solution(
        &self,
        catalog: &Catalog,
        exercise: &Exercise,
        insist: bool,
    ) -> Result<Option<String>> {
        let record = progress(catalog).read()?;
        let solved = record.exercises.get(&exercise.name);
        if solved.is_none_or(|entry| entry.solved_at.is_none()) {
            if !insist {
                return Ok(None);
            }
            progress(catalog).update(&exercise.name, |entry| entry.solution_seen = true)?;
        }
        let right = exercise.choices.iter().find(|choice| choice.right);
        Ok(Some(match right {
            Some(choice) => format!("{}\n\n{}\n", choice.letter, choice.text()),
            None => catalog.solution(exercise)?,
        }))
    }

    /// Lists all exercises with the reader's progress, for programs.
    pub fn list(&self, catalog: &Catalog) -> Result<Value> {
        let record = progress(catalog).read()?;
        let chapters = catalog.chapters.iter().map(|chapter| {
            let exercises = chapter.exercises.iter().map(|exercise| {
                let entry = entry(&record, exercise);
                json!({
                    "name": exercise.name, "title": exercise.title, "kind": exercise.kind,
                    "minutes": exercise.minutes, "from_python": exercise.from_python,
                    "state": state(catalog, exercise, &entry),
                    "attempts": entry.attempts, "hints": entry.hints,
                    "solution_seen": entry.solution_seen, "solved_at": entry.solved_at,
                })
            });
            json!({
                "slug": chapter.slug, "title": chapter.title,
                "exercises": exercises.collect::<Vec<_>>(),
            })
        });
        Ok(json!({ "chapters": chapters.collect::<Vec<_>>() }))
    }
}

/// Where the progress of these exercises is kept.
pub fn progress(catalog: &Catalog) -> Progress {
    Progress::in_folder(catalog.folder())
}

/// What was done about an exercise, which may be nothing.
pub fn entry(record: &Record, exercise: &Exercise) -> Entry {
    let entry = record.exercises.get(&exercise.name);
    entry.cloned().unwrap_or_default()
}

/// How far the reader is; an edited file counts as a start.
pub fn state(catalog: &Catalog, exercise: &Exercise, entry: &Entry) -> State {
    let edited = || {
        fs::read_to_string(catalog.file(exercise)).ok() != catalog.starter(exercise).ok()
            || catalog.answer_file(exercise).exists()
    };
    if entry.solved_at.is_some() {
        State::Solved
    } else if entry.attempts > 0 || edited() {
        State::Started
    } else {
        State::New
    }
}

/// Names the content of a file, to notice that it has changed.
pub fn content_hash(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash[..16].iter().map(|b| format!("{b:02x}")).collect()
}

/// Copies a reader's file to the first free name `NAME.rs.bak-N`.
fn keep(file: &Path, text: &[u8]) -> Result<PathBuf> {
    for number in 1.. {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".bak-{number}"));
        let kept = PathBuf::from(name);
        if catalog::write_new(&kept, text)? {
            return Ok(kept);
        }
    }
    bail!("numbers do not end")
}
