//! The exercises: what a reader can do with them, whether from the terminal or from the page.
//!
//! The files are the truth for both: the authors' in `exercises/`, the reader's in `work/`.
//! A reader's file is made of its starter and never overwritten without a copy.

pub mod catalog;
pub mod check;
pub mod commands;
pub mod files;
pub mod progress;
pub mod queue;
pub mod section;
pub mod terminal;
pub mod watch;
pub mod web;
pub mod work;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use anyhow::{Context, Result, anyhow, bail};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::programs::cargo;
use crate::programs::compile::Compiler;
use crate::run::scratch::Scratch;
use crate::supervisor::limits::Limits;
use crate::supervisor::{Supervisor, block_on};
use crate::watch::Changes;
use catalog::{Catalog, Exercise, Kind};
use check::Outcome;
use progress::{Entry, Progress, Record};
use work::Work;

/// Where the exercises and the reader's files lie.
#[derive(Clone, Debug)]
pub struct Places {
    /// The authors' files.
    pub exercises: PathBuf,
    /// The reader's files.
    pub work: PathBuf,
}

impl Places {
    /// The usual places in a project.
    pub fn of(project: &Path) -> Places {
        Places { exercises: project.join("exercises"), work: project.join("work") }
    }
}

/// The exercises of one folder, with the reader's files, the progress, and a compiler.
pub struct Exercises {
    places: Places,
    /// Or why it cannot be read.
    catalog: RwLock<Result<Arc<Catalog>, String>>,
    work: Work,
    compiler_limits: Limits,
    /// Held while it is looked for, so that cargo is started once.
    compiler: Mutex<Option<Arc<Compiler>>>,
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
    /// Reads the exercises in these places, and makes the reader's folder what it should be.
    pub fn new(places: Places, compiler_limits: Limits) -> Exercises {
        let exercises = Exercises {
            work: Work::in_folder(places.work.clone()),
            catalog: RwLock::new(Err(String::new())),
            places,
            compiler_limits,
            compiler: Mutex::default(),
        };
        exercises.read();
        exercises
    }

    fn read(&self) {
        let read = || -> Result<Arc<Catalog>> {
            let catalog = Catalog::open(self.places.exercises.clone())?;
            self.work.keep_up(&catalog)?;
            Ok(Arc::new(catalog))
        };
        let read = read().map_err(|error| format!("{error:#}"));
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = read;
    }

    /// Reads them again after each change, and tells each time.
    pub async fn follow(&self, tell: impl Fn()) -> Result<()> {
        let mut changes = Changes::of(vec![self.places.exercises.clone()])?;
        while changes.next().await.is_some() {
            self.read();
            tell();
        }
        bail!("the system tells of no more changes")
    }

    /// The catalog as it was read last, or why it could not be read.
    pub fn catalog(&self) -> Result<Arc<Catalog>> {
        let catalog = self.catalog.read().unwrap_or_else(PoisonError::into_inner);
        catalog.clone().map_err(|why| anyhow!(why))
    }

    /// The reader's files.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Where the reader's progress is kept.
    pub fn progress(&self) -> Progress {
        self.work.progress()
    }

    /// The compiler as it was found last; whoever asks first finds it, which may take minutes.
    pub fn compiler(&self) -> Result<Arc<Compiler>> {
        self.find(false)
    }

    /// Finds the compiler again, with the crates as they are now.
    pub fn find_compiler(&self) -> Result<Arc<Compiler>> {
        self.find(true)
    }

    fn find(&self, again: bool) -> Result<Arc<Compiler>> {
        let mut known = self.compiler.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(compiler) if !again => Ok(compiler.clone()),
            _ => {
                let found = Arc::new(Compiler::find(&cargo::workspace(), self.compiler_limits)?);
                Ok(known.insert(found).clone())
            }
        }
    }

    /// What the reader's file holds; one that is gone begins anew.
    pub fn text(&self, catalog: &Catalog, exercise: &Exercise) -> Result<String> {
        let file = self.work.file(exercise);
        if !file.exists() {
            files::write_new(&file, catalog.starter(exercise)?)?;
        }
        files::read(&file)
    }

    /// Checks the reader's file in a folder that is made for it, and notes the attempt; an exercise to predict has [`Exercises::judge`].
    ///
    /// Gives nothing, and notes nothing, if the supervisor got the order to stop.
    pub async fn check(
        &self,
        catalog: &Catalog,
        exercise: &Exercise,
        compiler: &Compiler,
        folder: &Path,
        by: &mut Supervisor,
    ) -> Result<Option<Outcome>> {
        let text = self.text(catalog, exercise)?;
        let outcome = check::check(compiler, catalog, exercise, &text, folder, by).await?;
        if let Some(outcome) = &outcome {
            self.progress().update(&exercise.name, |entry| {
                entry.attempts += 1;
                if outcome.passed {
                    entry.solve();
                }
            })?;
        }
        Ok(outcome)
    }

    /// As [`Exercises::check`], for whoever is no task; what stops it is Ctrl-C, and nothing of it is left then.
    pub fn check_now(&self, catalog: &Catalog, exercise: &Exercise) -> Result<Option<Outcome>> {
        let compiler = self.compiler()?;
        let scratch = Scratch::new()?;
        block_on(async |by| {
            let (order, folder) = (Arc::new(Notify::new()), scratch.path().join("check"));
            by.stop_on(order.clone());
            let check = self.check(catalog, exercise, &compiler, &folder, by);
            tokio::pin!(check);
            tokio::select! {
                outcome = &mut check => outcome,
                // Its folders may go when nothing uses them any more.
                _ = tokio::signal::ctrl_c() => { order.notify_one(); check.await }
            }
        })
    }

    /// Keeps a letter as the reader's answer, and judges it.
    pub fn answer(&self, exercise: &Exercise, letter: &str) -> Result<Verdict> {
        if exercise.kind != Kind::Predict {
            bail!(
                "{} asks for a program, not for an answer: check it with `cargo run -- check {}`",
                exercise.name,
                exercise.name
            );
        }
        let choice = check::choice(exercise, letter)?;
        files::write(&self.work.answer_file(exercise), format!("{}\n", choice.letter))?;
        self.judge(exercise, &choice.letter)
    }

    /// Judges an answer, and notes the attempt.
    pub fn judge(&self, exercise: &Exercise, letter: &str) -> Result<Verdict> {
        let choice = check::choice(exercise, letter)?;
        self.progress().update(&exercise.name, |entry| {
            entry.attempts += 1;
            if choice.right {
                entry.solve();
            }
        })?;
        let said = match &choice.misconception {
            Some(misconception) if !choice.right => misconception,
            _ => &exercise.explanation,
        };
        Ok(Verdict { right: choice.right, said: said.trim().to_owned() })
    }

    /// Gives the next hint with its number; after the last one, the last one again.
    pub fn hint(&self, exercise: &Exercise) -> Result<(usize, String)> {
        let entry = self.progress().update(&exercise.name, |entry| {
            entry.hints = (entry.hints + 1).min(exercise.hints.len());
        })?;
        let hint = entry.hints.checked_sub(1).and_then(|i| exercise.hints.get(i));
        let hint = hint.with_context(|| format!("{} has no hints", exercise.name))?;
        Ok((entry.hints, hint.trim().to_owned()))
    }

    /// Puts the starter back, and gives the file that keeps what was there, if it was anything else.
    pub fn reset(&self, catalog: &Catalog, exercise: &Exercise) -> Result<Option<PathBuf>> {
        let file = self.work.file(exercise);
        let starter = catalog.starter(exercise)?;
        // What is no text at all is kept, too.
        let kept = match fs::read(&file) {
            Ok(text) if text != starter.as_bytes() => Some(files::keep(&file, &text)?),
            _ => None,
        };
        files::write(&file, starter)?;
        let answer = self.work.answer_file(exercise);
        if answer.exists() {
            fs::remove_file(&answer).with_context(|| format!("cannot remove {}", answer.display()))?;
        }
        self.progress().update(&exercise.name, |entry| entry.solved_at = None)?;
        Ok(kept)
    }

    /// Gives a solution, or the right answer; before the exercise is solved only to those who insist, and that is noted.
    pub fn solution(&self, catalog: &Catalog, exercise: &Exercise, insist: bool) -> Result<Option<String>> {
        let record = self.progress().read()?;
        let solved = record.exercises.get(&exercise.name);
        if solved.is_none_or(|entry| entry.solved_at.is_none()) {
            if !insist {
                return Ok(None);
            }
            self.progress().update(&exercise.name, |entry| entry.solution_seen = true)?;
        }
        let right = exercise.choices.iter().find(|choice| choice.right);
        Ok(Some(match right {
            Some(choice) => format!("{}\n\n{}\n", choice.letter, choice.text()),
            None => catalog.solution(exercise)?,
        }))
    }

    /// How far the reader is; an edited file counts as a start.
    pub fn state(&self, catalog: &Catalog, exercise: &Exercise, entry: &Entry) -> State {
        let edited = || {
            self.text(catalog, exercise).ok() != catalog.starter(exercise).ok()
                || self.work.answer_file(exercise).exists()
        };
        if entry.solved_at.is_some() {
            State::Solved
        } else if entry.attempts > 0 || edited() {
            State::Started
        } else {
            State::New
        }
    }

    /// Lists all exercises with the reader's progress, for programs.
    pub fn list(&self, catalog: &Catalog) -> Result<Value> {
        let record = self.progress().read()?;
        let chapters = catalog.chapters.iter().map(|chapter| {
            let exercises = chapter.exercises.iter().map(|exercise| {
                let entry = entry(&record, exercise);
                json!({
                    "name": exercise.name, "title": exercise.title, "kind": exercise.kind,
                    "minutes": exercise.minutes, "from_python": exercise.from_python,
                    "state": self.state(catalog, exercise, &entry),
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

/// What was done about an exercise, which may be nothing.
pub fn entry(record: &Record, exercise: &Exercise) -> Entry {
    let entry = record.exercises.get(&exercise.name);
    entry.cloned().unwrap_or_default()
}
