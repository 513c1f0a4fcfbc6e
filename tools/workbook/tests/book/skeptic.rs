//! Starts skeptic's tests, and is the compiler they start.
//!
//! Skeptic knows the editions up to 2021, and takes its compiler from the environment variable RUSTC.
//! So this executable names itself there, with the real compiler's settings in a file.

use std::env;
use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use workbook::programs::cargo;
use workbook::programs::chapter::Chapter;
use workbook::programs::compile::Compiler;

use crate::Context;

/// Names the file with the compiler's settings; whoever has it set was started by skeptic.
const SETTINGS: &str = "WORKBOOK_COMPILER";

/// If skeptic started this process, compiles for it.
pub fn stand_in() -> Result<Option<ExitCode>> {
    let Some(settings) = env::var_os(SETTINGS) else {
        return Ok(None);
    };
    let compiler: Compiler = serde_json::from_slice(&fs::read(settings)?)?;
    let args: Vec<String> = env::args().skip(1).collect();
    let status = compiler.stand_in(&args)?;
    Ok(Some(ExitCode::from(u8::try_from(status).unwrap_or(1))))
}

/// Runs skeptic's tests, and checks that it has found every program.
pub fn run(context: &Context, chapters: &[Chapter]) -> Result<ExitCode> {
    let args = [
        "test",
        "--package",
        "skeptic-tests",
        "--test",
        "skeptic",
        "--no-run",
    ];
    let tests = cargo::artifacts(context.book.project(), &args)?
        .into_iter()
        .filter(|artifact| artifact.kind == "test")
        .find_map(|artifact| artifact.executable)
        .context("cargo built no tests of skeptic")?;

    let folder = tempfile::tempdir()?;
    let settings = folder.path().join("compiler.json");
    fs::write(&settings, serde_json::to_vec(&context.compiler)?)?;
    let start = |arg: &str| -> Result<Command> {
        let mut command = Command::new(&tests);
        command
            .arg(arg)
            .env("RUSTC", env::current_exe()?)
            .env(SETTINGS, &settings);
        Ok(command)
    };

    let list = start("--list")?.output()?;
    let found = String::from_utf8_lossy(&list.stdout)
        .lines()
        .filter(|line| line.ends_with(": test"))
        .count();
    let rust_blocks = chapters
        .iter()
        .flat_map(|chapter| &chapter.blocks)
        .filter(|block| block.fence.is_rust())
        .count();
    // One more is skeptic's own look at its surroundings.
    ensure!(
        found == rust_blocks + 1,
        "skeptic found {} Rust blocks, but the book has {rust_blocks}",
        found.saturating_sub(1)
    );

    println!("skeptic:");
    let mut command = start("--quiet")?;
    command.arg("--exact");
    for name in String::from_utf8_lossy(&list.stdout).lines() {
        let name = name.trim_end_matches(": test");
        if lacks_server(context, chapters, name) {
            command.args(["--skip", name]);
        }
    }
    let status = command.status()?;
    Ok(match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(101),
    })
}

/// Tells whether the program that skeptic calls by this name needs a Redis server, and there is none.
fn lacks_server(context: &Context, chapters: &[Chapter], name: &str) -> bool {
    let Some((place, line)) = name.rsplit_once("_line_") else {
        return false;
    };
    chapters.iter().any(|chapter| {
        let stem = chapter.name.trim_end_matches(".md");
        place.starts_with(&format!("{stem}_sect_"))
            && chapter.blocks.iter().any(|block| {
                block.line.to_string() == line && context.server_lacks(&block.text).is_some()
            })
    })
}
