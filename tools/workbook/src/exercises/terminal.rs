//! The exercises on the terminal.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::catalog::{Catalog, Chapter, Exercise, Kind};
use super::check::Outcome;
use super::progress::{Entry, Record};
use super::work::Work;
use super::{Exercises, State, Verdict, entry, files};

/// How many characters a full progress bar has.
const BAR: usize = 20;

/// Lists all exercises, with a bar for each chapter.
pub fn list(exercises: &Exercises) -> Result<()> {
    let catalog = exercises.catalog()?;
    let record = exercises.progress().read()?;
    for chapter in &catalog.chapters {
        println!("{}", chapter_line(chapter, &record));
        for exercise in &chapter.exercises {
            let mark = match exercises.state(&catalog, exercise, &entry(&record, exercise)) {
                State::New => ' ',
                State::Started => '~',
                State::Solved => 'x',
            };
            println!(
                "  [{mark}] {:<18} {:<8} {} min  {}{}",
                exercise.name,
                exercise.kind.name(),
                exercise.minutes,
                exercise.title,
                if exercise.from_python { " (from Python)" } else { "" }
            );
        }
        println!();
    }
    match next(&catalog, &record) {
        Some(exercise) => println!("next: {}", invitation(exercise)),
        None => println!("all exercises are solved"),
    }
    Ok(())
}

fn chapter_line(chapter: &Chapter, record: &Record) -> String {
    let all = chapter.exercises.len();
    let solved = chapter.exercises.iter().filter(|exercise| entry(record, exercise).solved_at.is_some()).count();
    let full = BAR * solved / all.max(1);
    format!("{} [{}{}] {solved}/{all}", chapter.title, "#".repeat(full), "-".repeat(BAR - full))
}

/// The first exercise that is not solved.
pub fn next<'a>(catalog: &'a Catalog, record: &Record) -> Option<&'a Exercise> {
    catalog.exercises().find(|exercise| entry(record, exercise).solved_at.is_none())
}

/// Says how to begin with an exercise.
pub fn invitation(exercise: &Exercise) -> String {
    let file = Work::shown(exercise);
    let name = &exercise.name;
    match exercise.kind {
        Kind::Predict => {
            format!("{name}: read {file}, then `cargo run -- answer {name} LETTER`")
        }
        _ => format!("{name}: edit {file}, then `cargo run -- check {name}`"),
    }
}

/// Prints what is to be done.
pub fn print_task(catalog: &Catalog, exercise: &Exercise) -> Result<()> {
    println!("{} ({}, {} minutes)\n", exercise.title, exercise.kind.name(), exercise.minutes);
    println!("{}", catalog.task(exercise)?);
    for choice in &exercise.choices {
        println!("{})", choice.letter);
        for line in choice.text().lines() {
            println!("   {line}");
        }
    }
    println!("{}", invitation(exercise));
    Ok(())
}

/// Checks one exercise; not solved is an error, so that the exit status says it, too.
pub fn check(exercises: &Exercises, name: &str) -> Result<()> {
    let catalog = exercises.catalog()?;
    let exercise = catalog.find(name)?;
    if exercise.kind == Kind::Predict {
        let file = exercises.work().answer_file(exercise);
        if !file.exists() {
            print_task(&catalog, exercise)?;
            bail!("{name} has no answer yet: give one with `cargo run -- answer {name} LETTER`");
        }
        let letter = files::read(&file)?;
        let verdict = exercises.judge(exercise, &letter)?;
        return say_verdict(exercises, exercise, &verdict);
    }
    let Some(outcome) = exercises.check_now(&catalog, exercise)? else {
        // As the system says of what Ctrl-C has ended.
        std::process::exit(130);
    };
    say_outcome(exercises, exercise, &outcome);
    if outcome.passed {
        return Ok(());
    }
    bail!("{name} is not solved yet: `cargo run -- hint {name}` helps")
}

/// Prints what came of a check.
pub fn say_outcome(exercises: &Exercises, exercise: &Exercise, outcome: &Outcome) {
    for part in [&outcome.compiler, &outcome.output] {
        if !part.trim().is_empty() {
            println!("{}\n", part.trim_end());
        }
    }
    if let Some(problem) = &outcome.problem {
        println!("{problem}");
        println!("read {}\n", exercise.read_file());
    }
    if outcome.passed {
        say_solved(exercises, exercise);
    }
}

fn say_solved(exercises: &Exercises, exercise: &Exercise) {
    println!("{} is solved.\n", exercise.name);
    println!("{}", exercise.explanation.trim());
    if exercise.kind != Kind::Predict {
        println!("\ncompare: exercises/{}/{}/solution.rs", exercise.slug, exercise.name);
    }
    if let Ok(record) = exercises.progress().read()
        && let Ok(catalog) = exercises.catalog()
        && let Some(next) = next(&catalog, &record)
    {
        println!("next: {}", invitation(next));
    }
}

/// Keeps and judges an answer.
pub fn answer(exercises: &Exercises, name: &str, letter: &str) -> Result<()> {
    let catalog = exercises.catalog()?;
    let exercise = catalog.find(name)?;
    let verdict = exercises.answer(exercise, letter)?;
    say_verdict(exercises, exercise, &verdict)
}

/// Prints what an answer was worth; a wrong one is an error.
fn say_verdict(exercises: &Exercises, exercise: &Exercise, verdict: &Verdict) -> Result<()> {
    if verdict.right {
        say_solved(exercises, exercise);
        return Ok(());
    }
    println!("{}", verdict.said);
    println!("read {}\n", exercise.read_file());
    bail!("that is not what happens: think again, and answer with another letter")
}

/// Prints the next hint.
pub fn hint(exercises: &Exercises, name: &str) -> Result<()> {
    let catalog = exercises.catalog()?;
    let exercise = catalog.find(name)?;
    let (number, hint) = exercises.hint(exercise)?;
    println!("hint {number} of {}: {hint}", exercise.hints.len());
    Ok(())
}

/// Puts the starter back.
pub fn reset(exercises: &Exercises, name: &str) -> Result<()> {
    let catalog = exercises.catalog()?;
    let exercise = catalog.find(name)?;
    match exercises.reset(&catalog, exercise)? {
        Some(kept) => println!("{} is as at first; your version is kept in {}", Work::shown(exercise), kept.display()),
        None => println!("{} is as at first", Work::shown(exercise)),
    }
    Ok(())
}

/// Prints a solution.
pub fn solution(exercises: &Exercises, name: &str, yes: bool) -> Result<()> {
    let catalog = exercises.catalog()?;
    let exercise = catalog.find(name)?;
    match exercises.solution(&catalog, exercise, yes)? {
        Some(solution) => print!("{solution}"),
        None => bail!(
            "{name} is not solved yet: to see the solution nevertheless, add --yes (or take a hint: `cargo run -- hint {name}`)"
        ),
    }
    Ok(())
}

/// Prints the progress: for people as a table, or for programs as JSON.
pub fn print_progress(exercises: &Exercises, json: bool) -> Result<()> {
    let catalog = exercises.catalog()?;
    if json {
        println!("{:#}", exercises.list(&catalog)?);
        return Ok(());
    }
    let record = exercises.progress().read()?;
    for chapter in &catalog.chapters {
        println!("{}", chapter_line(chapter, &record));
    }
    let done: BTreeMap<&str, Entry> =
        catalog.exercises().map(|exercise| (exercise.name.as_str(), entry(&record, exercise))).collect();
    let attempts: u32 = done.values().map(|entry| entry.attempts).sum();
    let hints: usize = done.values().map(|entry| entry.hints).sum();
    println!("{attempts} attempts, {hints} hints");
    Ok(())
}
