//! A program of the book with what the book says of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::chapter::{Block, Chapter, Problem};
use super::compile::Compiler;
use super::compiled::Compiled;
use super::fence::Fence;
use super::pattern::{lines_occur, same_text};
use super::process::{self, Ended};
use super::python::Python;

/// A program block and the blocks that state what it does.
#[derive(Clone, Debug)]
pub struct Program {
    pub block: Block,
    pub output: Option<Block>,
    pub stderr: Vec<Block>,
    pub compiler: Vec<Block>,
}

/// What was done with a program, for the tests' last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Whether an output was compared with the book's.
    pub output: bool,
}

/// Pairs each program of a chapter with the blocks that speak of it, and finds blocks that speak of nothing.
pub fn programs(chapter: &Chapter) -> (Vec<Program>, Vec<Problem>) {
    let mut programs: Vec<Program> = Vec::new();
    let mut problems = Vec::new();
    // The programs from here on wait for their `text,output`.
    let mut waiting = 0;
    for block in &chapter.blocks {
        let mut problem = |what: &str| {
            problems.push(Problem {
                chapter: block.chapter.clone(),
                line: block.line,
                what: what.to_owned(),
            });
        };
        match &block.fence {
            fence if fence.is_program() => programs.push(Program {
                block: block.clone(),
                output: None,
                stderr: Vec::new(),
                compiler: Vec::new(),
            }),
            Fence::Output => {
                let mut none = true;
                for program in &mut programs[waiting..] {
                    if program.block.fence.is_run() {
                        program.output = Some(block.clone());
                        none = false;
                    }
                }
                if none {
                    problem("an output without a program: put it after the program that prints it");
                }
                waiting = programs.len();
            }
            Fence::Stderr => match programs.last_mut() {
                Some(program) if program.block.fence.is_run() => program.stderr.push(block.clone()),
                _ => {
                    problem("standard error of no program: put it after the program that writes it")
                }
            },
            Fence::Compiler => match programs.last_mut() {
                Some(program) if program.block.fence.is_rust() => {
                    program.compiler.push(block.clone())
                }
                _ => problem("the compiler's words on no program: put them after the Rust program"),
            },
            _ => {}
        }
    }
    problems.extend(programs.iter().filter_map(missing_statement));
    (programs, problems)
}

/// Without the message, a program that fails for another reason would pass.
fn missing_statement(program: &Program) -> Option<Problem> {
    let what = match program.block.fence {
        Fence::RustPanics if program.stderr.is_empty() => {
            "a panic without its message: add a ```text,stderr block"
        }
        Fence::PythonRaises if program.stderr.is_empty() => {
            "an exception without its last line: add a ```text,stderr block"
        }
        Fence::RustCompileFail(None) if program.compiler.is_empty() => {
            "a compiler's error without code and without message: add a ```text,compiler block"
        }
        _ => return None,
    };
    Some(Problem {
        chapter: program.block.chapter.clone(),
        line: program.block.line,
        what: what.to_owned(),
    })
}

/// What programs are compiled and run with.
pub struct Tools<'a> {
    pub compiler: &'a Compiler,
    pub python: Option<&'a Python>,
    /// The folder of the modules that Python programs may import.
    pub modules: &'a Path,
    pub limit: Duration,
}

impl Program {
    /// Compiles and runs the program and compares everything that the book says of it; the error says what differs.
    pub fn check(&self, tools: &Tools<'_>) -> Result<Checked, String> {
        self.check_inner(tools)
            .map_err(|what| format!("{}: {what}", self.block.place()))
    }

    fn check_inner(&self, tools: &Tools<'_>) -> Result<Checked, String> {
        let show = |error: anyhow::Error| format!("{error:#}");
        match &self.block.fence {
            Fence::RustCompileFail(code) => {
                let compiled = tools
                    .compiler
                    .compile(&self.block.rust_source())
                    .map_err(show)?;
                self.check_refusal(code.as_deref(), &compiled)?;
                self.check_messages(&compiled)?;
                Ok(Checked { output: false })
            }
            Fence::Rust | Fence::RustPanics | Fence::RustWarns(_) => {
                let compiled = tools
                    .compiler
                    .compile(&self.block.rust_source())
                    .map_err(show)?;
                let Some(executable) = &compiled.executable else {
                    return Err(format!("does not compile\n{}", compiled.rendered()));
                };
                let wanted = match &self.block.fence {
                    Fence::RustWarns(lint) => Some(lint.as_str()),
                    _ => None,
                };
                check_lints(wanted, &compiled)?;
                self.check_messages(&compiled)?;
                let end = in_empty_folder(Command::new(executable), tools.limit).map_err(show)?;
                self.check_end(&end)
            }
            _ => {
                let python = tools.python.ok_or("there is no Python")?;
                let end = run_python(python, &self.block.text, tools).map_err(show)?;
                self.check_end(&end)
            }
        }
    }

    fn check_refusal(&self, code: Option<&str>, compiled: &Compiled) -> Result<(), String> {
        if compiled.executable.is_some() {
            return Err("compiles, but the book says that it does not".to_owned());
        }
        let errors = compiled.diagnostics.iter().filter(|diagnostic| {
            // The last message only counts the others.
            diagnostic.level == "error" && !diagnostic.message.starts_with("aborting due to")
        });
        for error in errors {
            let found = error.code.as_ref().map(|code| code.code.as_str());
            if found != code {
                return Err(format!(
                    "fails with {}, but the book says {}\n{}",
                    found.unwrap_or("an error without code"),
                    code.unwrap_or("an error without code"),
                    compiled.rendered()
                ));
            }
        }
        Ok(())
    }

    fn check_messages(&self, compiled: &Compiled) -> Result<(), String> {
        for block in &self.compiler {
            lines_occur(&block.text, &compiled.rendered())
                .map_err(|what| format!("the compiler's words at line {}: {what}", block.line))?;
        }
        Ok(())
    }

    fn check_end(&self, end: &Ended) -> Result<Checked, String> {
        let panicked = end.status.code() == Some(101) && end.stderr.contains("panicked at");
        let (right, wanted) = match self.block.fence {
            Fence::RustPanics => (panicked, "panic"),
            Fence::PythonRaises => (!end.status.success(), "end with an exception"),
            _ => (end.status.success(), "end with exit status 0"),
        };
        if !right {
            return Err(format!(
                "should {wanted}, but ended with {}\n{}{}",
                end.status, end.stdout, end.stderr
            ));
        }
        for block in &self.stderr {
            lines_occur(&block.text, &end.stderr)
                .map_err(|what| format!("standard error at line {}: {what}", block.line))?;
        }
        if let (Fence::PythonRaises, Some(block)) = (&self.block.fence, self.stderr.last()) {
            let last = |text: &str| {
                text.trim_end()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .to_owned()
            };
            same_text(&last(&block.text), &last(&end.stderr))
                .map_err(|what| format!("the last line of standard error: {what}"))?;
        }
        self.check_output(&end.stdout)
    }

    fn check_output(&self, stdout: &str) -> Result<Checked, String> {
        let silent = stdout.trim().is_empty();
        match &self.output {
            // A program that has nothing to print may stand before one that has.
            Some(_) if silent && !self.block.text.contains("print") => {
                Ok(Checked { output: false })
            }
            Some(block) => {
                same_text(&block.text, stdout)
                    .map_err(|what| format!("the output at line {}: {what}", block.line))?;
                Ok(Checked { output: true })
            }
            None if silent => Ok(Checked { output: false }),
            None => Err(format!(
                "prints, so a ```text,output block must follow it\n--- the program printed\n{stdout}"
            )),
        }
    }
}

/// The lint that the book speaks of fires, and no other does.
fn check_lints(wanted: Option<&str>, compiled: &Compiled) -> Result<(), String> {
    let warnings = compiled
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.level == "warning");
    // The last message has no code: it only counts the others.
    let fired: BTreeSet<&str> = warnings
        .filter_map(|warning| Some(warning.code.as_ref()?.code.as_str()))
        .collect();
    let said = compiled.rendered();
    if let Some(lint) = wanted.filter(|lint| !fired.contains(lint)) {
        return Err(format!("the lint `{lint}` did not fire\n{said}"));
    }
    match fired.into_iter().find(|lint| Some(*lint) != wanted) {
        Some(lint) => Err(format!(
            "the compiler warns of `{lint}`: mend it, or make the block `rust,warns,{lint}` if it is the point\n{said}"
        )),
        None => Ok(()),
    }
}

fn run_python(python: &Python, source: &str, tools: &Tools<'_>) -> Result<Ended> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    std::fs::write(folder.path().join("main.py"), source)?;
    let mut command = python.command();
    command
        .arg("main.py")
        .current_dir(folder.path())
        .env("PYTHONPATH", tools.modules);
    process::run(&mut command, tools.limit)
}

/// Runs a program where it finds no files and can leave some.
pub fn in_empty_folder(mut command: Command, limit: Duration) -> Result<Ended> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    // What a reader's shell may set must not change what a panic prints.
    command
        .current_dir(folder.path())
        .env_remove("RUST_BACKTRACE");
    process::run(&mut command, limit)
}
