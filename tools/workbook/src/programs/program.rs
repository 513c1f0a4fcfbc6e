//! A program of the book with what the book says of it.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::diagnostic::DiagnosticLevel;

use super::chapter::{Block, Chapter, Problem};
use super::compile::{Compiled, Compiler, Source};
use super::fence::Fence;
use super::pattern::{lines_occur, same_text};
use super::python::Python;
use crate::supervisor::limits::Limits;
use crate::supervisor::{Ended, Job, Supervisor, block_on};

/// How much of the output of a stopped program is shown, in characters.
const SHOWN: usize = 2000;

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
            problems.push(Problem { chapter: block.chapter.clone(), line: block.line, what: what.to_owned() });
        };
        match &block.fence {
            fence if fence.is_program() => {
                programs.push(Program { block: block.clone(), output: None, stderr: Vec::new(), compiler: Vec::new() })
            }
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
                _ => problem("standard error of no program: put it after the program that writes it"),
            },
            Fence::Compiler => match programs.last_mut() {
                Some(program) if program.block.fence.is_rust() => program.compiler.push(block.clone()),
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
        Fence::RustPanics if program.stderr.is_empty() => "a panic without its message: add a ```text,stderr block",
        Fence::PythonRaises if program.stderr.is_empty() => {
            "an exception without its last line: add a ```text,stderr block"
        }
        Fence::RustCompileFail(None) if program.compiler.is_empty() => {
            "a compiler's error without code and without message: add a ```text,compiler block"
        }
        _ => return None,
    };
    Some(Problem { chapter: program.block.chapter.clone(), line: program.block.line, what: what.to_owned() })
}

/// The version of the compiler that the book quotes. Another one may say the same in other words, and warn of more.
pub const QUOTED: &str = "1.95.0";

/// What programs are compiled and run with.
pub struct Tools<'a> {
    pub compiler: &'a Compiler,
    pub python: Option<&'a Python>,
    /// The folder of the modules that Python programs may import.
    pub modules: &'a Path,
    pub limits: Limits,
}

impl Program {
    /// Compiles and runs the program and compares everything that the book says of it; the error says what differs.
    pub fn check(&self, tools: &Tools<'_>) -> Result<Checked, String> {
        block_on(async |by| Ok(self.check_inner(tools, by).await))
            .unwrap_or_else(|error| Err(format!("{error:#}")))
            .map_err(|what| format!("{}: {what}", self.block.place()))
    }

    async fn check_inner(&self, tools: &Tools<'_>, by: &mut Supervisor) -> Result<Checked, String> {
        let show = |error: anyhow::Error| format!("{error:#}");
        let ended = if self.block.fence.is_rust() {
            let source = Source::of(&self.block.rust_source());
            let compiled = tools.compiler.compile(&source, by).await.map_err(show)?;
            if let Fence::RustCompileFail(code) = &self.block.fence {
                self.check_refusal(code.as_deref(), &compiled)?;
                self.check_messages(tools.compiler, &compiled)?;
                return Ok(Checked { output: false });
            }
            let Some(executable) = &compiled.executable else {
                return Err(format!("does not compile\n{}", compiled.rendered()));
            };
            let wanted = match &self.block.fence {
                Fence::RustWarns(lint) => Some(lint.as_str()),
                _ => None,
            };
            if is_quoted(tools.compiler) {
                check_lints(wanted, &compiled)?;
            }
            self.check_messages(tools.compiler, &compiled)?;
            run(&Command::new(executable), &[], tools.limits, by).await
        } else {
            let python = tools.python.ok_or("there is no Python")?;
            let mut command = python.command();
            command.arg("main.py").env("PYTHONPATH", tools.modules);
            let files = [("main.py", self.block.text.as_str())];
            run(&command, &files, tools.limits, by).await
        };
        self.check_end(&ended.map_err(show)?)
    }

    fn check_refusal(&self, code: Option<&str>, compiled: &Compiled) -> Result<(), String> {
        if compiled.executable.is_some() {
            return Err("compiles, but the book says that it does not".to_owned());
        }
        let errors = compiled.diagnostics.iter().filter(|diagnostic| {
            // The last message only counts the others.
            diagnostic.level == DiagnosticLevel::Error && !diagnostic.message.starts_with("aborting due to")
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

    fn check_messages(&self, compiler: &Compiler, compiled: &Compiled) -> Result<(), String> {
        let blocks = self.compiler.iter().filter(|_| is_quoted(compiler));
        for block in blocks {
            lines_occur(&block.text, &compiled.rendered())
                .map_err(|what| format!("the compiler's words at line {}: {what}", block.line))?;
        }
        Ok(())
    }

    fn check_end(&self, end: &Ended) -> Result<Checked, String> {
        let panicked = end.end.status == Some(101) && end.stderr.contains("panicked at");
        let (right, wanted) = match self.block.fence {
            Fence::RustPanics => (panicked, "panic"),
            Fence::PythonRaises => (!end.end.ok(), "end with an exception"),
            _ => (end.end.ok(), "end with exit status 0"),
        };
        if !right {
            return Err(format!("should {wanted}, but {}\n{}{}", end.end.how(), end.stdout, end.stderr));
        }
        for block in &self.stderr {
            lines_occur(&block.text, &end.stderr)
                .map_err(|what| format!("standard error at line {}: {what}", block.line))?;
        }
        if let (Fence::PythonRaises, Some(block)) = (&self.block.fence, self.stderr.last()) {
            let last = |text: &str| text.trim_end().lines().last().unwrap_or_default().to_owned();
            same_text(&last(&block.text), &last(&end.stderr))
                .map_err(|what| format!("the last line of standard error: {what}"))?;
        }
        self.check_output(&end.stdout)
    }

    fn check_output(&self, stdout: &str) -> Result<Checked, String> {
        let silent = stdout.trim().is_empty();
        match &self.output {
            // A program that has nothing to print may stand before one that has.
            Some(_) if silent && !self.block.text.contains("print") => Ok(Checked { output: false }),
            Some(block) => {
                same_text(&block.text, stdout).map_err(|what| format!("the output at line {}: {what}", block.line))?;
                Ok(Checked { output: true })
            }
            None if silent => Ok(Checked { output: false }),
            None => Err(format!("prints, so a ```text,output block must follow it\n--- the program printed\n{stdout}")),
        }
    }
}

/// Whether the compiler's words are to be compared: if they are those of the version that is quoted, or must be.
pub fn is_quoted(compiler: &Compiler) -> bool {
    compiler.release() == QUOTED || env::var_os("WORKBOOK_REQUIRE_ALL").is_some()
}

/// The lint that the book speaks of fires, and no other does.
fn check_lints(wanted: Option<&str>, compiled: &Compiled) -> Result<(), String> {
    let warnings = compiled.diagnostics.iter().filter(|diagnostic| diagnostic.level == DiagnosticLevel::Warning);
    // The last message has no code: it only counts the others.
    let fired: BTreeSet<&str> = warnings.filter_map(|warning| Some(warning.code.as_ref()?.code.as_str())).collect();
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

/// Runs a program where it finds these files and can leave others; one that meets a limit is an error.
async fn run(command: &Command, files: &[(&str, &str)], limits: Limits, by: &mut Supervisor) -> Result<Ended> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text)?;
    }
    let ended = by.run(Job::of(command, folder.path(), limits)).await?;
    if ended.end.why.is_some() {
        let (how, printed) = (ended.end.how(), ended.stdout + &ended.stderr);
        let shown: String = printed.chars().take(SHOWN).collect();
        bail!("{how}: make it end by itself\n--- it had printed\n{shown}")
    }
    Ok(ended)
}

/// Runs a program where it finds no files, for whoever is no task; one that meets a limit is an error.
pub fn run_now(command: &Command) -> Result<Ended> {
    block_on(async |by| run(command, &[], Limits::tests(), by).await)
}
