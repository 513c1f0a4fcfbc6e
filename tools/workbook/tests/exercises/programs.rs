//! What can only be seen by running: starters fail, solutions pass, right answers are right.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::Command;

use anyhow::{Context as _, Result};
use libtest_mimic::{Failed, Trial};
use workbook::exercises::catalog::{Attempt, Catalog, Exercise, Kind};
use workbook::exercises::check::{self, Outcome};
use workbook::programs::cargo;
use workbook::programs::chapter::Chapter;
use workbook::programs::compile::{Compiled, Compiler, Source};
use workbook::programs::pattern::same_text;
use workbook::programs::program::{Tools, programs};
use workbook::programs::python::Python;
use workbook::supervisor::block_on;
use workbook::supervisor::limits::Limits;

use crate::copy::{Copy, find};
use crate::{Context, skip_unless};

/// How often a program is run whose order is not promised, before the tests give up to see another one.
const RUNS: usize = 200;

pub fn trials(context: &'static Context) -> Vec<Trial> {
    let (catalog, compiler) = (&context.catalog, &context.compiler);
    let has_rustfmt = Command::new("rustfmt").arg("--version").output();
    let has_rustfmt = has_rustfmt.is_ok_and(|output| output.status.success());
    let has_clippy = context.clippy.is_ok();
    let mut trials = vec![
        skip_unless(has_rustfmt, Trial::test("formatting", move || formatting(catalog))),
        skip_unless(
            has_rustfmt && has_clippy,
            Trial::test("programs can be wrong", move || wrong_programs_are_named(context)),
        ),
    ];
    for exercise in catalog.exercises() {
        let name = |what: &str| format!("{}/{} {what}", exercise.slug, exercise.name);
        let has_modules = |python: &Python| {
            // A task that cannot be read is told of by its trial.
            let task = catalog.task(exercise).unwrap_or_default();
            python.lacks(&task).is_none()
        };
        let has_python = !exercise.from_python || context.python.as_ref().is_ok_and(has_modules);
        let of_task = Trial::test(name("task"), move || task(context, exercise));
        trials.push(skip_unless(has_python, of_task));
        let lints = Trial::test(name("clippy"), move || clippy(context, exercise));
        trials.push(skip_unless(has_clippy, lints));
        if exercise.kind == Kind::Predict {
            trials.push(Trial::test(name("answer"), move || answer(compiler, catalog, exercise)));
        } else {
            trials.push(Trial::test(name("starter"), move || starter(compiler, catalog, exercise)));
            trials.push(Trial::test(name("solution"), move || solution(compiler, catalog, exercise)));
            trials.extend(exercise.attempts.iter().map(|attempt| {
                let name = format!("{} {}", name("attempt"), attempt.name);
                Trial::test(name, move || try_checks(compiler, catalog, exercise, attempt))
            }));
        }
    }
    trials
}

/// What comes of this text as the reader's file.
fn checked(compiler: &Compiler, catalog: &Catalog, exercise: &Exercise, text: &str) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("run");
    let outcome = block_on(async |by| check::check(compiler, catalog, exercise, text, &run, by).await)?;
    outcome.context("it was stopped")
}

/// The starter compiles, and the first check that fails is the one that it is about.
pub fn starter(compiler: &Compiler, catalog: &Catalog, exercise: &Exercise) -> Result<(), Failed> {
    let outcome = checked(compiler, catalog, exercise, &catalog.starter(exercise)?)?;
    let failed = outcome.checks.iter().find(|check| !check.passed);
    let first = failed.map(|check| check.id.clone());
    if first.is_none() || first != exercise.fails {
        return Err(
            format!("the starter should fail {:?} first, and failed {first:?}: {outcome:#?}", exercise.fails).into()
        );
    }
    Ok(())
}

pub fn solution(compiler: &Compiler, catalog: &Catalog, exercise: &Exercise) -> Result<(), Failed> {
    let text = catalog.solution(exercise)?;
    if text == catalog.starter(exercise)? {
        return Err("the solution is the starter".into());
    }
    let outcome = checked(compiler, catalog, exercise, &text)?;
    if !outcome.passed {
        return Err(format!("{outcome:#?}").into());
    }
    Ok(())
}

/// An attempt passes, or the first check that fails is the one that is meant to see it.
fn try_checks(compiler: &Compiler, catalog: &Catalog, exercise: &Exercise, attempt: &Attempt) -> Result<(), Failed> {
    let text = catalog.attempt(exercise, attempt)?;
    let outcome = checked(compiler, catalog, exercise, &text)?;
    let failed = outcome.checks.iter().find(|check| !check.passed);
    let first = failed.map(|check| check.id.clone());
    if first != attempt.fails || outcome.passed != attempt.fails.is_none() {
        let wanted = &attempt.fails;
        return Err(format!("should fail {wanted:?}, and failed {first:?}: {outcome:#?}").into());
    }
    Ok(())
}

/// A program to predict and a solution with its checks give the compiler and clippy nothing to say.
fn clippy(context: &Context, exercise: &Exercise) -> Result<(), Failed> {
    let (catalog, clippy) = (&context.catalog, context.clippy.as_ref()?);
    let source = match exercise.kind {
        Kind::Predict => Source::of(&catalog.starter(exercise)?),
        _ => check::source(catalog, exercise, &catalog.solution(exercise)?)?,
    };
    tidy(&clippy.compile_now(&source)?)
}

/// Neither the compiler nor clippy has anything to say.
fn tidy(compiled: &Compiled) -> Result<(), Failed> {
    match compiled.rendered() {
        said if said.is_empty() && compiled.executable.is_some() => Ok(()),
        said => Err(said.into()),
    }
}

/// The program prints what the right choice claims, or at least two orders if that is the claim.
pub fn answer(compiler: &Compiler, catalog: &Catalog, exercise: &Exercise) -> Result<(), Failed> {
    let program = catalog.starter(exercise)?;
    let right = exercise.choices.iter().find(|choice| choice.right);
    let right = right.ok_or("no choice is right")?;
    if let Some(prints) = &right.prints {
        let printed = check::print(compiler, &program)?;
        return Ok(same_text(prints.trim_matches('\n'), printed.trim_end())?);
    }
    let mut programs = vec![program.clone()];
    for variant in &exercise.variants {
        if !program.contains(&variant.replace) {
            return Err(format!("the program has no `{}` to replace", variant.replace).into());
        }
        programs.push(program.replace(&variant.replace, &variant.with));
    }
    let mut orders = BTreeSet::new();
    for run in 0..RUNS {
        orders.insert(check::print(compiler, &programs[run % programs.len()])?);
        if orders.len() > 1 {
            return Ok(());
        }
    }
    Err(format!("printed the same in {RUNS} runs: {orders:?}").into())
}

/// The programs in a task are held to the rules of the book's chapters.
fn task(context: &Context, exercise: &Exercise) -> Result<(), Failed> {
    let name = format!("{}/{}/task.md", exercise.slug, exercise.name);
    let chapter = Chapter::parse(&name, &context.catalog.task(exercise)?);
    let (programs, mut problems) = programs(&chapter);
    problems.extend(chapter.problems.clone());
    let mut complaints: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let modules = cargo::workspace().join("examples");
    let tools = Tools {
        compiler: &context.compiler,
        python: context.python.as_ref().ok(),
        modules: &modules,
        limits: Limits::tests(),
    };
    complaints.extend(programs.iter().filter_map(|program| program.check(&tools).err()));
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}

/// Everything that is written in Rust is formatted as rustfmt does it.
fn formatting(catalog: &Catalog) -> Result<(), Failed> {
    let mut wrong = Vec::new();
    for exercise in catalog.exercises() {
        let mut files = ["exercise.rs", "solution.rs", "check.rs"].map(str::to_owned).to_vec();
        let attempts = exercise.attempts.iter().map(|attempt| &attempt.name);
        files.extend(attempts.map(|attempt| format!("attempts/{attempt}.rs")));
        for file in files.iter().map(|file| catalog.part(exercise, file)) {
            if !file.exists() {
                continue;
            }
            // From its input, because `mod exercise;` names no file of the project.
            // With the settings of the exercises.
            let output = Command::new("rustfmt")
                .args(["--edition", "2024"])
                .current_dir(catalog.folder())
                .stdin(File::open(&file)?)
                .output()?;
            if output.stdout != fs::read(&file)? {
                let errors = String::from_utf8_lossy(&output.stderr);
                wrong.push(format!("{}: format it with rustfmt --edition 2024 {errors}", file.display()));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// Each of the tests above can fail.
fn wrong_programs_are_named(context: &Context) -> Result<(), Failed> {
    let copy = Copy::of_model();
    let catalog = copy.catalog();
    let compiler = &context.compiler;
    let exercise = find(&catalog, "one_by_one");
    let good = catalog.solution(exercise)?;
    let bad = catalog.starter(exercise)?;

    copy.write("exercises/gather_wait/one_by_one/exercise.rs", &good);
    assert!(starter(compiler, &catalog, exercise).is_err());
    copy.write("exercises/gather_wait/one_by_one/exercise.rs", "pub fn broken() {");
    assert!(starter(compiler, &catalog, exercise).is_err());
    let early = bad.replace("Ok(answers)", "todo!()");
    copy.write("exercises/gather_wait/one_by_one/exercise.rs", &early);
    assert!(starter(compiler, &catalog, exercise).is_err(), "for another reason");

    copy.write("exercises/gather_wait/one_by_one/solution.rs", &bad);
    assert!(solution(compiler, &catalog, exercise).is_err());
    let attempts = copy.file("exercises/gather_wait/one_by_one/attempts");
    fs::create_dir_all(&attempts)?;
    let tried = |text: &str, fails: Option<&str>| {
        fs::write(attempts.join("one.rs"), text)?;
        let (name, fails) = ("one".to_owned(), fails.map(str::to_owned));
        try_checks(compiler, &catalog, exercise, &Attempt { name, fails })
    };
    tried(&good, None)?;
    tried(&bad, Some("overlap"))?;
    assert!(tried(&bad, None).is_err(), "the checks refuse it");
    assert!(tried(&bad, Some("time")).is_err(), "for another reason");
    assert!(tried(&good, Some("time")).is_err(), "the checks pass it");
    assert!(tried("pub fn broken() {", None).is_err());

    let lint = good.replace("gather(asked).await", "return gather(asked).await;");
    let source = check::source(&catalog, exercise, &lint)?;
    let compiled = context.clippy.as_ref()?.compile_now(&source)?;
    assert!(tidy(&compiled).is_err(), "clippy finds a needless return");

    copy.write("exercises/gather_wait/one_by_one/exercise.rs", "fn  main() {}\n");
    assert!(formatting(&catalog).is_err());

    let copy = Copy::of_model();
    let toml = "exercises/gather_wait/late_tea/exercise.toml";
    copy.replace(toml, "right = true", "misconception = \"?\"");
    // The rest of the line becomes a comment.
    copy.replace(toml, "misconception = \"The limit", "right = true # ");
    let catalog = copy.catalog();
    let predicted = find(&catalog, "late_tea");
    assert!(answer(compiler, &catalog, predicted).is_err(), "another choice is right");

    let copy = Copy::of_model();
    copy.replace(toml, "right = true", "misconception = \"?\"");
    copy.replace(toml, "not_promised = true", "not_promised = true\nright = true");
    let catalog = copy.catalog();
    let predicted = find(&catalog, "late_tea");
    assert!(answer(compiler, &catalog, predicted).is_err(), "one order only");
    copy.write("exercises/gather_wait/late_tea/exercise.rs", TOSSES);
    answer(compiler, &catalog, predicted)
}

/// `select!` takes one of two ready branches at random.
const TOSSES: &str = "
#[tokio::main(flavor = \"current_thread\")]
async fn main() {
    tokio::select! {
        () = async {} => println!(\"first\"),
        () = async {} => println!(\"second\"),
    }
}
";
