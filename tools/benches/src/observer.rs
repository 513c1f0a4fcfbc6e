//! What it costs that a loop could have an observer: this build of the library beside one whose telling function is empty.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::options::Options;
use crate::rows::{ROWS, Row};

/// The beginning of the function that tells an observer, as `src/observe.rs` has it.
const TELLS: &str =
    "if self.observer.is_there.get() {\n            seldom(|| {\n                let (time";

/// The same in the library that it is compared with: what is in it is never reached.
const TELLS_NOBODY: &str = "if false {\n            seldom(|| {\n                let (time";

/// Measures one row of ours in this process, for the process that compares two builds.
pub fn measure_here(name: &str) -> ExitCode {
    let Some(row) = ROWS.iter().find(|row| row.name == name) else {
        eprintln!("there is no row \"{name}\"");
        return ExitCode::from(2);
    };
    let size = row.size(true);
    let took = (row.ours)(size);
    println!("{}", took.as_nanos() as f64 / size.operations() as f64);
    ExitCode::SUCCESS
}

/// Prints the table.
pub fn compare(options: &Options) -> Result<(), String> {
    if cfg!(debug_assertions) {
        return Err(
            "this build is not optimized, and the other one is: run cargo run --release -p benches -- --observer"
                .to_owned(),
        );
    }
    let with = std::env::current_exe().map_err(|e| format!("this program cannot be found: {e}"))?;
    let without = build_without()?;
    println!(
        "This library beside the same without any code for observers: how much more it takes with that code."
    );
    println!(
        "No loop has an observer. Time: the median of {} pairs of processes.\n",
        options.rounds
    );
    println!("| operation | time | instructions |\n|---|--:|--:|");
    for row in ROWS.iter().filter(|row| options.wants(row.name)) {
        let mut ratios = (0..options.rounds)
            .map(|round| pair(row, &with, &without, round))
            .collect::<Result<Vec<f64>, String>>()?;
        ratios.sort_by(f64::total_cmp);
        let counted = match (instructions(row, &with), instructions(row, &without)) {
            (Some(with), Some(without)) => percent(with / without),
            _ => "needs valgrind".to_owned(),
        };
        let time = percent(ratios[ratios.len() / 2]);
        println!("| {} | {time} | {counted} |", row.name);
    }
    Ok(())
}

fn percent(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}

/// Builds this program once more, with a copy of the library that tells nobody.
fn build_without() -> Result<PathBuf, String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let copy = workspace.join("target/unobserved");
    eprintln!("building the library without its observer in target/unobserved");
    let copied = write_copy(&workspace, &copy).map_err(|e| format!("the copy cannot be made: {e}"));
    copied?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--bin", "benches"])
        .args(["--package", "benches", "--target-dir", "target"])
        .current_dir(&copy)
        .status()
        .map_err(|e| format!("cargo cannot be started: {e}"))?;
    match built.success() {
        true => Ok(copy
            .join("target/release/benches")
            .with_extension(std::env::consts::EXE_EXTENSION)),
        false => Err("the library without its observer could not be built".to_owned()),
    }
}

/// Copies the library and this package, with the workspace that they need.
fn write_copy(workspace: &Path, copy: &Path) -> Result<(), Box<dyn std::error::Error>> {
    for folder in ["src", "tools/benches"] {
        copy_folder(&workspace.join(folder), &copy.join(folder))?;
    }
    let observe = copy.join("src/observe.rs");
    let text = fs::read_to_string(&observe)?;
    if text.matches(TELLS).count() != 1 {
        return Err(format!("src/observe.rs does not have {TELLS:?} once").into());
    }
    fs::write(observe, text.replace(TELLS, TELLS_NOBODY))?;
    // The workspace without its other members, and the package without what only its tests and examples need.
    let manifest = fs::read_to_string(workspace.join("Cargo.toml"))?;
    let (_, rest) = manifest.split_once("\n").ok_or("an empty Cargo.toml")?;
    let (shared, package) = rest.split_once("[package]").ok_or("no package")?;
    let shared: Vec<&str> = shared
        .lines()
        .filter(|line| !line.contains("members = [") && !line.contains("path = "))
        .collect();
    let (package, _) = package.split_once("[dev-dependencies]").ok_or("no end")?;
    let profiles = manifest
        .find("[profile.release]")
        .map_or("", |at| &manifest[at..]);
    fs::write(
        copy.join("Cargo.toml"),
        format!(
            "[workspace]\nmembers = [\"tools/benches\"]\n{}\n[package]{package}\n{profiles}",
            shared.join("\n")
        ),
    )?;
    fs::copy(workspace.join("Cargo.lock"), copy.join("Cargo.lock"))?;
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
fn pair(row: &Row, with: &Path, without: &Path, round: usize) -> Result<f64, String> {
    // Where a process has its stack depends on its environment, and that alone can cost more than what is measured here.
    let padding = "x".repeat(round * 61 % 4096);
    let (with, without) = if round.is_multiple_of(2) {
        let with = time(row, with, &padding)?;
        (with, time(row, without, &padding)?)
    } else {
        let without = time(row, without, &padding)?;
        (time(row, with, &padding)?, without)
    };
    Ok(with / without)
}

fn time(row: &Row, program: &Path, padding: &str) -> Result<f64, String> {
    let output = Command::new(program)
        .args(["--once", row.name])
        .env("PADDING", padding)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("{} cannot be started: {e}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .parse()
        .map_err(|_| format!("{} did not measure \"{}\"", program.display(), row.name))
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
