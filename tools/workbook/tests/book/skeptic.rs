//! Starts skeptic's tests, and is the compiler they start.
//!
//! Skeptic knows the editions up to 2021, and takes its compiler from the environment variable RUSTC.
//! So this executable names itself there, with the real compiler's settings in a file.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use workbook::programs::cargo;
use workbook::programs::chapter::Chapter;
use workbook::programs::compile::{Compiler, Source};
use workbook::supervisor::limits::Limits;
use workbook::supervisor::{Event, Job, block_on};

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
    let status = stand_in_with(&compiler, &args)?;
    Ok(Some(ExitCode::from(u8::try_from(status).unwrap_or(1))))
}

/// Takes the place of rustc for skeptic, and gives the exit status.
///
/// Skeptic asks for edition 2021 and finds libraries by the names of files.
/// Its program is compiled as every other program of the book is; so it is compiled once, and skeptic runs the very executable whose output is compared.
/// A call that compiles no program, such as cargo's questions about the target, goes to rustc as it is.
pub fn stand_in_with(compiler: &Compiler, args: &[String]) -> Result<i32> {
    let is_output = args.iter().position(|arg| arg == "-o");
    let output = is_output.and_then(|at| args.get(at + 1));
    let is_program = args.iter().any(|arg| arg == "--crate-type=bin");
    let (Some(source), Some(output), true) = (args.first(), output, is_program) else {
        let status = Command::new(compiler.rustc()).args(args).status()?;
        return Ok(status.code().unwrap_or(1));
    };
    let text = fs::read_to_string(source)?;
    // Skeptic puts an empty line before the program.
    let source = Source::of(text.strip_prefix('\n').unwrap_or(&text));
    let compiled = compiler.compile_now(&source)?;
    eprint!("{}", compiled.rendered());
    let Some(executable) = compiled.executable else {
        return Ok(1);
    };
    match fs::hard_link(&executable, output) {
        // The temporary folder may be on another disk.
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            fs::copy(&executable, output)?;
        }
        result => result?,
    }
    Ok(0)
}

/// Runs skeptic's tests, and checks that it has found every program.
pub fn run(context: &Context, chapters: &[Chapter]) -> Result<ExitCode> {
    let args = ["test", "--package", "skeptic-tests", "--test", "skeptic", "--no-run"];
    let tests = cargo::artifacts(context.book.project(), &args)?
        .into_iter()
        .filter(|artifact| artifact.target.is_test())
        .find_map(|artifact| artifact.executable)
        .context("cargo built no tests of skeptic")?;

    let folder = tempfile::tempdir()?;
    let settings = folder.path().join("compiler.json");
    fs::write(&settings, serde_json::to_vec(&context.compiler)?)?;
    let start = |arg: &str| -> Result<Command> {
        let mut command = Command::new(&tests);
        command.arg(arg).env("RUSTC", env::current_exe()?).env(SETTINGS, &settings);
        Ok(command)
    };

    let list = start("--list")?.output()?;
    let found = String::from_utf8_lossy(&list.stdout).lines().filter(|line| line.ends_with(": test")).count();
    let rust_blocks = chapters.iter().flat_map(|chapter| &chapter.blocks).filter(|block| block.fence.is_rust()).count();
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
    let end = block_on(async |by| {
        by.begin(Job::of(&command, folder.path(), limits())).await?;
        loop {
            match by.event().await? {
                Event::Output(output) => print!("{}", output.text),
                Event::End(end) => return Ok(end),
            }
        }
    })?;
    Ok(match end.ok() {
        true => ExitCode::SUCCESS,
        false => {
            println!("skeptic: {}", end.how());
            ExitCode::from(101)
        }
    })
}

/// What all programs of the book may use together.
fn limits() -> Limits {
    let (compiler, tests) = (Limits::compiler(), Limits::tests());
    Limits { wall: tests.wall * 180, memory: compiler.memory * 8, processes: tests.processes, ..compiler }
}

/// Tells whether the program that skeptic calls by this name needs a Redis server, and there is none.
fn lacks_server(context: &Context, chapters: &[Chapter], name: &str) -> bool {
    let Some((place, line)) = name.rsplit_once("_line_") else {
        return false;
    };
    chapters.iter().any(|chapter| {
        let stem = chapter.name.trim_end_matches(".md");
        place.starts_with(&format!("{stem}_sect_"))
            && chapter
                .blocks
                .iter()
                .any(|block| block.line.to_string() == line && context.server_lacks(&block.text).is_some())
    })
}
