//! Each example and its Python twin print the same transcript.

mod measured;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::Result;
use libtest_mimic::{Failed, Trial};
use workbook::programs::cargo;
use workbook::programs::pattern::same_text;
use workbook::programs::program::run_now;

use crate::{Context, skip_unless};

pub fn trials(context: &'static Context) -> Result<Vec<Trial>> {
    let project = context.book.project();
    let folder = project.join("examples");
    let slugs = slugs(&folder)?;
    let mut executables: BTreeMap<String, PathBuf> = BTreeMap::new();
    if !slugs.is_empty() {
        for artifact in cargo::artifacts(project, &["build", "--examples"])? {
            if let (Some(file), true) = (artifact.executable, artifact.target.is_example()) {
                executables.insert(artifact.target.name, file.into());
            }
        }
    }
    let missing = missing_files(&folder, &slugs);
    let mut trials = vec![Trial::test("tidy examples", move || {
        if missing.is_empty() { Ok(()) } else { Err(Failed::from(missing.join("\n"))) }
    })];
    trials.extend(measured::trials(context));
    for slug in slugs {
        let executable = executables.get(&slug.replace('-', "_")).cloned();
        let transcript = folder.join(format!("{slug}.txt"));
        let script = folder.join(format!("{slug}.py"));
        if folder.join(format!("{slug}.rs")).is_file() {
            if FALL_BACK.contains(&slug.as_str()) {
                trials.extend(without_server(context, &slug, &executable, &transcript));
            }
            let (slug, transcript) = (slug.clone(), transcript.clone());
            trials.push(Trial::test(format!("example {slug}.rs"), move || {
                let file = executable.as_ref().ok_or("cargo built no such example")?;
                alone(context, &slug, || compare(context, &Command::new(file), &transcript).map(drop))
            }));
        }
        if script.is_file() {
            trials.push(twin(context, &slug, script, transcript)?);
        }
    }
    Ok(trials)
}

fn twin(context: &'static Context, slug: &str, script: PathBuf, transcript: PathBuf) -> Result<Trial> {
    let lacks = context.python_lacks(&fs::read_to_string(&script)?);
    if let Some(why) = &lacks {
        context.counts.skip(why);
    }
    let can_run = lacks.is_none();
    let slug = slug.to_owned();
    let trial = Trial::test(format!("example {slug}.py"), move || {
        if let Some(why) = lacks {
            return Err(why.into());
        }
        let mut command = context.python.as_ref()?.command();
        command.arg(&script);
        alone(context, &slug, || compare(context, &command, &transcript).map(drop))
    });
    Ok(skip_unless(can_run, trial))
}

/// Examples that compare times, which a neighbour on the same core would change.
const COMPARE_TIMES: [&str; 3] = ["blocking", "http_server", "pools"];

/// Runs an example beside others, or without any.
fn alone<T>(context: &Context, slug: &str, run: impl FnOnce() -> T) -> T {
    // A trial that failed leaves nothing behind, so a poisoned lock is as good as any.
    if COMPARE_TIMES.contains(&slug) {
        let _cores = context.cores.write();
        run()
    } else {
        let _cores = context.cores.read();
        run()
    }
}

/// Examples that print their transcript without a Redis server, too.
const FALL_BACK: [&str; 1] = ["redis_jobs"];

/// The example and its twin where no `redis-server` is to be found.
fn without_server(
    context: &'static Context,
    slug: &str,
    executable: &Option<PathBuf>,
    transcript: &Path,
) -> [Trial; 2] {
    let script = context.book.project().join(format!("examples/{slug}.py"));
    let (executable, transcripts) = (executable.clone(), [transcript.to_owned(), transcript.to_owned()]);
    let [of_rust, of_python] = transcripts;
    let in_rust = Trial::test(format!("example {slug}.rs without a server"), move || {
        let file = executable.as_ref().ok_or("cargo built no such example")?;
        fall_back(context, Command::new(file), &of_rust)
    });
    let source = fs::read_to_string(&script).unwrap_or_default();
    let lacks = context.python_lacks(&source);
    if let Some(why) = &lacks {
        context.counts.skip(why);
    }
    let can_run = lacks.is_none();
    let in_python = Trial::test(format!("example {slug}.py without a server"), move || {
        if let Some(why) = lacks {
            return Err(why.into());
        }
        let mut command = context.python.as_ref()?.command_by_path();
        command.arg(&script);
        fall_back(context, command, &of_python)
    });
    [in_rust, skip_unless(can_run, in_python)]
}

fn fall_back(context: &Context, mut command: Command, transcript: &Path) -> Result<(), Failed> {
    let _cores = context.cores.read();
    // An empty folder holds no programs.
    let nothing = tempfile::tempdir()?;
    command.env("PATH", nothing.path()).env_remove("REDIS_URL");
    let said = compare(context, &command, transcript)?;
    let expected = "note: the queue is in this process, because no redis-server is installed\n";
    same_text(expected, &said)?;
    Ok(())
}

/// Compares what the program prints, and gives what it says on standard error.
fn compare(context: &Context, command: &Command, transcript: &Path) -> Result<String, Failed> {
    let end = run_now(command)?;
    if !end.end.ok() {
        return Err(format!("{}\n{}", end.end.how(), end.stderr).into());
    }
    let expected =
        fs::read_to_string(transcript).map_err(|error| format!("cannot read {}: {error}", transcript.display()))?;
    same_text(&expected, &end.stdout)?;
    context.counts.examples.fetch_add(1, Relaxed);
    Ok(end.stderr)
}

/// The names of all examples; a Python file alone is a module that twins share.
fn slugs(folder: &Path) -> Result<Vec<String>> {
    let mut slugs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let ending = path.extension().unwrap_or_default();
        if ["rs", "txt"].iter().any(|known| ending == *known) {
            slugs.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    slugs.sort();
    slugs.dedup();
    Ok(slugs)
}

/// Says which of an example's three files are missing.
pub fn missing_files(folder: &Path, slugs: &[String]) -> Vec<String> {
    slugs
        .iter()
        .flat_map(|slug| ["rs", "py", "txt"].map(|ending| format!("{slug}.{ending}")))
        .filter(|file| !folder.join(file).is_file())
        .map(|file| format!("examples/{file} is missing: every example has SLUG.rs, its twin SLUG.py, and what both print in SLUG.txt"))
        .collect()
}
