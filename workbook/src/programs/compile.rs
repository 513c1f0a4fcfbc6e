//! Compiling one program of the book, at most once.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cargo;

/// The compiler with everything that is the same for every program.
///
/// Written to a file, it also reaches the compiler that skeptic starts (see [`Compiler::stand_in`]).
#[derive(Debug, Serialize, Deserialize)]
pub struct Compiler {
    rustc: String,
    args: Vec<String>,
    /// Everything but the source that the result depends on.
    stamp: String,
    /// One folder per program and stamp, named by their hash.
    ///
    /// An entry is made elsewhere and then renamed, so what lies here is whole.
    cache: PathBuf,
    /// The entries that were asked for.
    #[serde(skip)]
    used: Mutex<HashSet<String>>,
}

/// What the compiler made of a program.
#[derive(Debug, Serialize, Deserialize)]
pub struct Compiled {
    /// `None` if the compiler refused the program.
    pub executable: Option<PathBuf>,
    pub diagnostics: Vec<Diagnostic>,
}

/// One message of the compiler.
#[derive(Debug, Serialize, Deserialize)]
pub struct Diagnostic {
    pub level: String,
    pub message: String,
    /// An error code such as `E0373`, or the name of a lint.
    pub code: Option<Code>,
    /// The message as the compiler prints it.
    pub rendered: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Code {
    pub code: String,
}

impl Compiled {
    /// Everything that the compiler would have printed.
    pub fn rendered(&self) -> String {
        self.diagnostics
            .iter()
            .filter_map(|diagnostic| diagnostic.rendered.as_deref())
            .collect()
    }
}

impl Compiler {
    /// Builds the crates that programs may use, and settles the compiler's arguments.
    pub fn find(workspace: &Path) -> Result<Compiler> {
        let crates = cargo::crates(workspace)?;
        let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let version = Command::new(&rustc)
            .arg("-vV")
            .output()
            .with_context(|| format!("cannot start the compiler {rustc}"))?;
        let mut stamp = String::from_utf8_lossy(&version.stdout).into_owned();

        // A program is compiled in a folder of its own under the name that
        // cargo would give it, so that messages are what a reader will see.
        let mut args: Vec<String> = [
            "src/main.rs",
            "--crate-name=main",
            "--crate-type=bin",
            "--edition=2024",
            "--error-format=json",
            "-Cdebuginfo=0",
            "-Cstrip=debuginfo",
        ]
        .map(str::to_owned)
        .into();
        for folder in &crates.folders {
            args.push(format!("-Ldependency={}", folder.display()));
        }
        for (name, file) in &crates.externs {
            // Cargo makes the file anew whenever anything behind it changes.
            let data = fs::metadata(file)?;
            let changed = data.modified()?.duration_since(UNIX_EPOCH)?;
            stamp += &format!("{name} {} {}\n", data.len(), changed.as_nanos());
            args.push(format!("--extern={name}={}", file.display()));
        }
        let cache = crates.target.join("book-programs");
        fs::create_dir_all(&cache)
            .with_context(|| format!("cannot make the folder {}", cache.display()))?;
        Ok(Compiler {
            rustc,
            args,
            stamp,
            cache,
            used: Mutex::default(),
        })
    }

    /// Compiles the program, or finds what an earlier call made of the same program.
    pub fn compile(&self, source: &str) -> Result<Compiled> {
        let key = self.key(source);
        let entry = self.cache.join(&key);
        self.used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key);
        if !entry.is_dir() {
            self.compile_into(source, &entry)?;
        }
        let file = entry.join("messages.json");
        let messages = fs::read(&file)
            .with_context(|| format!("cannot read {}: remove its folder", file.display()))?;
        let executable = entry.join(executable_name());
        Ok(Compiled {
            executable: executable.exists().then_some(executable),
            diagnostics: serde_json::from_slice(&messages)?,
        })
    }

    fn compile_into(&self, source: &str, entry: &Path) -> Result<()> {
        let work = tempfile::tempdir_in(&self.cache)?;
        fs::create_dir(work.path().join("src"))?;
        fs::write(work.path().join("src/main.rs"), source)?;
        let output = Command::new(&self.rustc)
            .args(&self.args)
            .arg("-o")
            .arg(executable_name())
            .current_dir(work.path())
            // Settings meant for the project's own packages.
            .env_remove("RUSTFLAGS")
            .output()
            .with_context(|| format!("cannot start the compiler {}", self.rustc))?;
        let diagnostics = diagnostics(&String::from_utf8_lossy(&output.stderr))?;
        let made = work.path().join(executable_name()).exists();
        ensure!(
            output.status.success() == made,
            "the compiler ended with {} and made {} executable",
            output.status,
            if made { "an" } else { "no" }
        );
        fs::write(
            work.path().join("messages.json"),
            serde_json::to_vec(&diagnostics)?,
        )?;
        let work = work.keep();
        match fs::rename(&work, entry) {
            // Another process was faster with the same program.
            Err(_) if entry.is_dir() => Ok(fs::remove_dir_all(&work)?),
            result => result.with_context(|| format!("cannot make {}", entry.display())),
        }
    }

    fn key(&self, source: &str) -> String {
        let mut hash = Sha256::new();
        for part in [self.stamp.as_str(), &self.args.join("\n"), source] {
            // The length keeps neighbouring parts apart.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.finalize()[..16]
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect()
    }

    /// Removes from the cache what this compiler was not asked for and nobody made within the last hour.
    ///
    /// To be called after every program of the book has been compiled; another process may be busy with newer ones.
    pub fn forget_unused(&self) -> Result<()> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in fs::read_dir(&self.cache)? {
            let entry = entry?;
            let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
            let name = entry.file_name().to_string_lossy().into_owned();
            if !used.contains(&name) && age > Duration::from_secs(3600) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// Takes the place of rustc for skeptic, and gives the exit status.
    ///
    /// Skeptic asks for edition 2021 and finds libraries by the names of files.
    /// Its program is compiled as every other program of the book is; so it is compiled once, and skeptic runs the very executable whose output is compared.
    /// A call that compiles no program, such as cargo's questions about the target, goes to rustc as it is.
    pub fn stand_in(&self, args: &[String]) -> Result<i32> {
        let output = args
            .iter()
            .position(|arg| arg == "-o")
            .and_then(|at| args.get(at + 1));
        let (Some(source), Some(output), true) = (
            args.first(),
            output,
            args.iter().any(|arg| arg == "--crate-type=bin"),
        ) else {
            let status = Command::new(&self.rustc).args(args).status()?;
            return Ok(status.code().unwrap_or(1));
        };
        let text = fs::read_to_string(source)?;
        // Skeptic puts an empty line before the program.
        let compiled = self.compile(text.strip_prefix('\n').unwrap_or(&text))?;
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
}

/// Reads the compiler's messages; any other line is a failure of the compiler itself.
fn diagnostics(stderr: &str) -> Result<Vec<Diagnostic>> {
    stderr
        .lines()
        .map(|line| {
            serde_json::from_str(line).with_context(|| format!("the compiler printed `{line}`"))
        })
        .collect()
}

fn executable_name() -> String {
    format!("program{}", env::consts::EXE_SUFFIX)
}
