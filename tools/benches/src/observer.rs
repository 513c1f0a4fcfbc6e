//! What it costs that a loop could have an observer: this build of the library beside one whose telling function is empty.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::engine::Engine;
use crate::options::Options;
use crate::rows::{ROWS, Row};

/// The beginning of the function that tells an observer, as `src/observe.rs` has it.
const TELLS: &str = "if self.observer.is_there.get() {\n            seldom(|| {\n                let (time";

/// The same in the library that it is compared with: what is in it is never reached.
const TELLS_NOBODY: &str = "if false {\n            seldom(|| {\n                let (time";

/// Answers `--once ROW`: measures one row of ours in this process, for the process that compares two builds.
pub fn measure_here(name: &str) -> Result<()> {
    let row = ROWS.iter().find(|row| row.name == name);
    let row = row.with_context(|| format!("there is no row \"{name}\""))?;
    let took = row.measure(&mut Engine::Ours, true).context("no figure")?;
    println!("{took}");
    Ok(())
}

/// Prints the table.
pub fn compare(options: &Options) -> Result<()> {
    ensure!(
        !cfg!(debug_assertions),
        "this build is not optimized, and the other one is: run cargo run --release -p benches -- --observer"
    );
    let with = std::env::current_exe().context("this program cannot be found")?;
    let without = build_without()?;
    println!("This library beside the same without any code for observers: how much more it takes with that code.");
    let rounds = options.rounds();
    println!("No loop has an observer. Time: the median of {rounds} pairs of processes.\n");
    println!("| operation | time | instructions |\n|---|--:|--:|");
    for row in ROWS.iter().filter(|row| options.wants(row.name)) {
        let mut ratios = (0..rounds).map(|round| pair(row, &with, &without, round)).collect::<Result<Vec<f64>>>()?;
        ratios.sort_by(f64::total_cmp);
        let counted = match (instructions(row, &with), instructions(row, &without)) {
            (Some(with), Some(without)) => percent(with / without),
            _ => "needs valgrind".to_owned(),
        };
        let time = percent(ratios[rounds / 2]);
        println!("| {} | {time} | {counted} |", row.name);
    }
    Ok(())
}

fn percent(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}

/// Builds this program once more, with a copy of the library that tells nobody.
fn build_without() -> Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let copy = workspace.join("target/unobserved");
    eprintln!("building the library without its observer in target/unobserved");
    write_copy(&workspace, &copy).context("the copy cannot be made")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--bin", "benches"])
        .args(["--package", "benches", "--target-dir", "target"])
        .current_dir(&copy)
        .status()
        .context("cargo cannot be started")?;
    ensure!(built.success(), "the library without its observer could not be built");
    let program = copy.join("target/release/benches");
    Ok(program.with_extension(std::env::consts::EXE_EXTENSION))
}

/// Copies all packages of the workspace, because its manifest names them.
fn write_copy(workspace: &Path, copy: &Path) -> Result<()> {
    for folder in ["examples", "src", "tools"] {
        // What an older copy had would be taken for a package.
        let _ = fs::remove_dir_all(copy.join(folder));
        copy_folder(&workspace.join(folder), &copy.join(folder))?;
    }
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(workspace.join(file), copy.join(file))?;
    }
    let observe = copy.join("src/observe.rs");
    let text = fs::read_to_string(&observe)?;
    ensure!(text.matches(TELLS).count() == 1, "src/observe.rs does not have {TELLS:?} once");
    fs::write(observe, text.replace(TELLS, TELLS_NOBODY))?;
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &to)?,
            false => drop(fs::copy(entry.path(), to)?),
        }
    }
    Ok(())
}

/// Measures one row in a process of each build, the other one first in every second round, and gives the ratio.
fn pair(row: &Row, with: &Path, without: &Path, round: usize) -> Result<f64> {
    // Where a process has its stack depends on its environment, and that alone can cost more than what is measured here.
    let padding = "x".repeat(round * 61 % 4096);
    if round.is_multiple_of(2) {
        let with = time(row, with, &padding)?;
        Ok(with / time(row, without, &padding)?)
    } else {
        let without = time(row, without, &padding)?;
        Ok(time(row, with, &padding)? / without)
    }
}

fn time(row: &Row, program: &Path, padding: &str) -> Result<f64> {
    let child =
        Command::new(program).args(["--once", row.name]).env("PADDING", padding).stderr(Stdio::inherit()).output();
    let output = child.with_context(|| format!("cannot start {}", program.display()))?;
    let text = String::from_utf8(output.stdout)?;
    text.trim().parse().with_context(|| format!("{} did not measure \"{}\"", program.display(), row.name))
}

/// Counts the instructions of a process that measures one row; `None` without valgrind.
fn instructions(row: &Row, program: &Path) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--once", row.name])
        .output()
        .ok()?;
    let report = String::from_utf8_lossy(&output.stderr);
    let collected = report.split("Collected :").nth(1)?;
    collected.split_whitespace().next()?.parse().ok()
}
