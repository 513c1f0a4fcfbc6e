//! What it costs that a loop could have an observer: this build of the library beside one that cannot have any.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::options::Options;
use crate::rows::{ROWS, Row};

/// Takes the observer out of the library; `src/observation.rs` looks at it.
const WITHOUT: &str = "--cfg asyncio_unobserved";

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

fn build_without() -> Result<PathBuf, String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = workspace.join("target/unobserved");
    eprintln!("building the library without its observer in target/unobserved");
    // The two builds differ in nothing else.
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "--release",
            "--quiet",
            "--package",
            "benches",
            "--bin",
            "benches",
        ])
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", format!("{flags} {WITHOUT}"))
        .current_dir(workspace)
        .status()
        .map_err(|e| format!("cargo cannot be started: {e}"))?;
    match built.success() {
        true => Ok(target
            .join("release/benches")
            .with_extension(std::env::consts::EXE_EXTENSION)),
        false => Err("the library without its observer could not be built".to_owned()),
    }
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
