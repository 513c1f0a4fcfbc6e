//! Checking an exercise each time it is saved, and going on to the next when it is solved.

use std::io::{self, BufRead};
use std::thread;

use anyhow::{Context, Result};
use tokio::runtime::{self, Runtime};
use tokio::sync::mpsc;

use super::catalog::{Exercise, Kind};
use super::{Exercises, terminal};
use crate::watch::Changes;

/// What the reader may type, each on a line of its own.
const KEYS: &str = "(type h for a hint, n for the next exercise, q to quit; or save the file)";

/// What to do next.
enum Event {
    Changed,
    Typed(String),
    /// The files can no longer be watched.
    Ended,
}

/// Watches until all exercises are solved, or the reader quits.
pub fn watch(exercises: &Exercises) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let result = watch_all(exercises, &runtime);
    // The thread that reads what is typed ends with the program.
    runtime.shutdown_background();
    result
}

fn watch_all(exercises: &Exercises, runtime: &Runtime) -> Result<()> {
    let mut typed = typed();
    let catalog = exercises.catalog()?;
    let mut left: Vec<&Exercise> = {
        let record = exercises.progress().read()?;
        let unsolved = |exercise: &&Exercise| super::entry(&record, exercise).solved_at.is_none();
        catalog.exercises().filter(unsolved).collect()
    };
    while let Some(exercise) = left.first().copied() {
        // Watched from before the first look, so that no change is missed.
        let files = vec![exercises.work().file(exercise), exercises.work().answer_file(exercise)];
        let mut changes = Changes::of(files.clone())?;
        let mut seen = contents(&files);
        terminal::print_task(&catalog, exercise)?;
        let mut solved = look(exercises, exercise)?;
        while !solved {
            println!("{KEYS}");
            match runtime.block_on(event(&mut changes, &mut typed)) {
                Event::Ended => return Ok(()),
                Event::Changed => {
                    let now = contents(&files);
                    if now != seen {
                        seen = now;
                        solved = look(exercises, exercise)?;
                    }
                }
                Event::Typed(line) => match line.trim() {
                    "q" => return Ok(()),
                    "n" => break,
                    "h" => terminal::hint(exercises, &exercise.name)?,
                    letter if exercise.kind == Kind::Predict && !letter.is_empty() => {
                        say(terminal::answer(exercises, &exercise.name, letter));
                        seen = contents(&files);
                        solved = is_solved(exercises, exercise)?;
                    }
                    _ => {}
                },
            }
        }
        left.remove(0);
        if !solved {
            left.push(exercise);
        }
    }
    println!("all exercises are solved");
    Ok(())
}

/// Checks the exercise, unless it is one to predict that has no answer yet.
fn look(exercises: &Exercises, exercise: &Exercise) -> Result<bool> {
    if exercise.kind == Kind::Predict && !exercises.work().answer_file(exercise).exists() {
        println!("type the letter of your answer");
        return Ok(false);
    }
    say(terminal::check(exercises, &exercise.name));
    is_solved(exercises, exercise)
}

fn is_solved(exercises: &Exercises, exercise: &Exercise) -> Result<bool> {
    let record = exercises.progress().read()?;
    Ok(super::entry(&record, exercise).solved_at.is_some())
}

/// What is no success ends a command, and not the watching.
fn say(result: Result<()>) {
    if let Err(error) = result {
        println!("{error:#}");
    }
}

fn contents(files: &[std::path::PathBuf]) -> Vec<Option<Vec<u8>>> {
    files.iter().map(|file| std::fs::read(file).ok()).collect()
}

/// Waits for a change or for a line; the end of the input does not end the watching.
///
/// A check has taken Ctrl-C away from the system, so it is heard here, too.
async fn event(changes: &mut Changes, typed: &mut mpsc::UnboundedReceiver<String>) -> Event {
    tokio::select! {
        change = changes.next() => change.map_or(Event::Ended, |()| Event::Changed),
        Some(line) = typed.recv() => Event::Typed(line),
        _ = tokio::signal::ctrl_c() => std::process::exit(130),
    }
}

/// Reads lines on a thread of its own, because reading cannot be cancelled.
fn typed() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || -> Result<()> {
        for line in io::stdin().lock().lines() {
            sender.send(line?).context("nobody listens")?;
        }
        Ok(())
    });
    receiver
}
