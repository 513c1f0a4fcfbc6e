//! Compiling one program of the book, at most once.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::cache::Cache;
use super::cargo;
use super::compiled::{Compiled, diagnostics};

/// Where a program lies in the folder that it is compiled in.
pub const SOURCE: &str = "src/main.rs";

/// What the compiler is told of every program.
///
/// It is compiled in a folder of its own under the name that cargo would give it, so that messages are what a reader will see.
const ARGS: [&str; 7] = [
    SOURCE,
    "--crate-name=main",
    "--crate-type=bin",
    "--edition=2024",
    "--error-format=json",
    "-Cdebuginfo=0",
    "-Cstrip=debuginfo",
];

/// The compiler with everything that is the same for every program.
///
/// Written to a file, it also reaches the compiler that skeptic starts (see [`Compiler::stand_in`]).
#[derive(Debug, Serialize, Deserialize)]
pub struct Compiler {
    pub(super) rustc: PathBuf,
    /// What `rustc -vV` says.
    pub(super) version: String,
    pub(super) args: Vec<String>,
    pub(super) crates: Vec<Crate>,
    /// The crate that takes Tokio's place in a program that is recorded.
    pub(super) recorded: Option<Crate>,
    pub(super) cache: Cache,
    /// The entries that were asked for.
    #[serde(skip)]
    used: Mutex<HashSet<String>>,
}

/// A crate that programs may use.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) file: PathBuf,
    /// Differs between two builds of the crate, because cargo makes the file anew whenever anything behind it changes.
    pub(super) build: String,
}

impl Crate {
    fn new(name: String, file: PathBuf) -> Result<Crate> {
        let data = fs::metadata(&file)?;
        let changed = data.modified()?.duration_since(UNIX_EPOCH)?;
        Ok(Crate {
            name,
            file,
            build: format!("{} {}", data.len(), changed.as_nanos()),
        })
    }

    /// Whether the program can possibly use the crate; if it does not, a new build of it changes nothing.
    pub(super) fn is_named_in(&self, source: &str) -> bool {
        source.contains(&self.name)
    }
}

/// One file of a program.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Where it lies in the program's folder; the first file of a program is [`SOURCE`].
    pub path: &'a str,
    /// The path that messages and panics name.
    pub shown: &'a str,
    pub text: &'a str,
}

impl<'a> Source<'a> {
    /// The only file of a program.
    pub fn only(text: &'a str) -> Source<'a> {
        Source {
            path: SOURCE,
            shown: SOURCE,
            text,
        }
    }
}

/// What a call of the compiler came to.
#[derive(Debug)]
pub struct Called {
    pub success: bool,
    pub stderr: String,
}

impl Compiler {
    /// Builds the crates that programs may use, and settles the compiler's arguments.
    pub fn find(workspace: &Path) -> Result<Compiler> {
        let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        Compiler::find_as(workspace, rustc)
    }

    /// As [`Compiler::find`], with clippy, which says more. What it makes of a program cannot be started.
    pub fn find_clippy(workspace: &Path) -> Result<Compiler> {
        let mut clippy = Compiler::find_as(workspace, "clippy-driver".to_owned())?;
        // All lints have spoken by then, and the rest takes most of the time.
        clippy.args.push("--emit=metadata".to_owned());
        Ok(clippy)
    }

    fn find_as(workspace: &Path, rustc: String) -> Result<Compiler> {
        let crates = cargo::crates(workspace)?;
        let version = Command::new(&rustc)
            .arg("-vV")
            .output()
            .with_context(|| format!("cannot start the compiler {rustc}"))?;
        ensure!(
            version.status.success(),
            "{rustc} does not work: {}",
            String::from_utf8_lossy(&version.stderr)
        );
        let version = String::from_utf8_lossy(&version.stdout).into_owned();

        let mut args: Vec<String> = ARGS.map(str::to_owned).into();
        for folder in &crates.folders {
            args.push(format!("-Ldependency={}", folder.display()));
        }
        let cache = Cache::open(crates.target.join("book-programs"))?;
        let externs = crates.externs.into_iter();
        Ok(Compiler {
            rustc: direct(&rustc),
            version,
            args,
            crates: externs
                .map(|(name, file)| Crate::new(name, file))
                .collect::<Result<_>>()?,
            recorded: Some(Crate::new(cargo::RECORDED.to_owned(), crates.recorded)?),
            cache,
            used: Mutex::default(),
        })
    }

    /// Compiles the program, or finds what an earlier call made of the same program.
    pub fn compile(&self, source: &str) -> Result<Compiled> {
        self.compile_files(&[Source::only(source)])
    }

    /// As [`Compiler::compile`], for a program of several files.
    pub fn compile_files(&self, files: &[Source]) -> Result<Compiled> {
        self.compile_by(files, |args, folder| {
            let output = Command::new(&self.rustc)
                .args(args)
                .current_dir(folder)
                // Settings meant for the project's own packages.
                .env_remove("RUSTFLAGS")
                .output()
                .with_context(|| format!("cannot start the compiler {}", self.rustc.display()))?;
            Ok(Called {
                success: output.status.success(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            })
        })
    }

    /// As [`Compiler::compile_files`], where `call` calls the compiler: with these arguments, in this folder.
    ///
    /// What ends with an error of `call` is not kept.
    pub fn compile_by(
        &self,
        files: &[Source],
        call: impl FnOnce(&[String], &Path) -> Result<Called>,
    ) -> Result<Compiled> {
        let recipe = self.recipe(files, &[]);
        self.used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(recipe.key.clone());
        if let Some(compiled) = self.cache.find(&recipe.key)? {
            return Ok(compiled);
        }
        let work = self
            .cache
            .work(files.iter().map(|file| (file.path, file.text)))?;
        let called = call(&recipe.args, work.path())?;
        let messages = diagnostics(&called.stderr)?;
        self.cache
            .keep(&recipe.key, work, called.success, &messages)
    }

    /// Removes from the cache what this compiler was not asked for and nobody made within the last hour.
    ///
    /// To be called after every program of the book has been compiled; another process may be busy with newer ones.
    pub fn forget_unused(&self) -> Result<()> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        self.cache
            .forget(Duration::from_secs(3600), |key| used.contains(key))
    }
}

/// The compiler that the one on the search path stands for.
///
/// `rustup` puts a program in its place that looks up the right one at each start, which takes a while.
fn direct(rustc: &str) -> PathBuf {
    let output = Command::new(rustc).arg("--print=sysroot").output();
    let direct = output.map(|output| {
        let sysroot = String::from_utf8_lossy(&output.stdout);
        let name = format!("{rustc}{}", env::consts::EXE_SUFFIX);
        Path::new(sysroot.trim()).join("bin").join(name)
    });
    match direct {
        Ok(direct) if direct.is_file() => direct,
        _ => PathBuf::from(rustc),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two `let` in one condition need edition 2024.
    pub const PROGRAM: &str =
        "fn main() { if let Some(x) = Some(1) && x == 1 { println!(\"{x}\") } }\n";

    pub fn compiler(cache: &Path) -> Compiler {
        Compiler {
            rustc: "rustc".into(),
            version: String::new(),
            args: ARGS.map(str::to_owned).into(),
            crates: Vec::new(),
            recorded: None,
            cache: Cache::open(cache.to_path_buf()).expect("a folder"),
            used: Mutex::default(),
        }
    }

    pub fn entries(cache: &Path) -> usize {
        fs::read_dir(cache).expect("the cache").count()
    }

    #[test]
    fn a_program_is_compiled_once() {
        let cache = tempfile::tempdir().expect("a temporary folder");
        let compiler = compiler(cache.path());
        let made = |source| compiler.compile(source).expect("rustc").executable;
        let first = made(PROGRAM).expect("a right program");
        fs::write(&first, "marked").expect("a file in the cache");
        let again = made(PROGRAM).expect("a right program");
        assert_eq!(fs::read(again).expect("the same file"), b"marked");
        assert_eq!(made("fn main() { missing() }"), None);
        assert_eq!(entries(cache.path()), 2);
    }

    #[test]
    fn messages_name_a_file_by_the_path_that_is_shown() {
        let cache = tempfile::tempdir().expect("a temporary folder");
        let source = |path, shown, text| Source { path, shown, text };
        let compiled = compiler(cache.path()).compile_files(&[
            source(
                "src/main.rs",
                "checks/one.rs",
                "mod exercise; fn main() { exercise::f() }",
            ),
            source(
                "src/exercise.rs",
                "mine/one.rs",
                "pub fn f() {\n    missing()\n}\n",
            ),
        ]);
        let messages = compiled.expect("rustc").rendered();
        assert!(messages.contains("mine/one.rs:2:5"), "{messages}");
        assert!(!messages.contains("src/"), "{messages}");
    }

    #[test]
    fn a_new_build_of_a_crate_concerns_the_programs_that_name_it() {
        let cache = tempfile::tempdir().expect("a temporary folder");
        let mut compiler = compiler(cache.path());
        let file = cache.path().join("libtokio.rlib");
        let key = |compiler: &mut Compiler, content: &str, source: &str| {
            fs::write(&file, content).expect("a file");
            let tokio = Crate::new("tokio".to_owned(), file.clone());
            compiler.crates = vec![tokio.expect("the file was just written")];
            compiler.recipe(&[Source::only(source)], &[]).key
        };
        let uses = "use tokio::task;";
        assert_ne!(
            key(&mut compiler, "1", uses),
            key(&mut compiler, "22", uses)
        );
        assert_eq!(
            key(&mut compiler, "1", "use std::io;"),
            key(&mut compiler, "22", "use std::io;")
        );
    }
}
