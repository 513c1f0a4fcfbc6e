//! Shared libraries of the crates that programs may use.
//!
//! A program that is linked with one is compiled in about two thirds of the time: there is less to link, and the generic functions that the library has are not made again.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::linker;
use crate::programs::cache::{Cache, executable_name};
use crate::programs::cargo::RECORDED;
use crate::programs::compile::{Compiler, SOURCE, Source};
use crate::programs::process;

/// The crate's name.
const NAME: &str = "programs";

/// The line that makes a program use the shared library; it stands after everything else.
const USE: &str = "extern crate programs as _;\n";

/// The sets of crates that have a library of their own.
///
/// The fewer crates a program is linked with, the less the compiler must read; most programs use one.
const SETS: [&[&str]; 3] = [&["tokio"], &["asyncio"], &["asyncio", "tokio", RECORDED]];

/// What the compiler is told of programs that are linked with shared libraries.
#[derive(Debug)]
pub struct Bundles {
    /// What every program needs.
    standard: Vec<String>,
    /// The crates of each library, and what to tell of it; the last has all crates.
    libraries: Vec<(Vec<String>, Vec<String>)>,
}

impl Bundles {
    /// Builds the libraries, or finds them as an earlier call left them, and tries whether programs start with them.
    pub fn build(compiler: &Compiler, workspace: &Path, cache: &Cache) -> Result<Bundles> {
        ensure!(
            cfg!(unix),
            "this system finds shared libraries in another way"
        );
        let mut bundles =
            Bundles::with_linker(compiler, workspace, cache, linker::direct(compiler));
        if bundles.is_err() {
            // The usual way takes a little longer.
            bundles = Bundles::with_linker(compiler, workspace, cache, None);
        }
        bundles
    }

    fn with_linker(
        compiler: &Compiler,
        workspace: &Path,
        cache: &Cache,
        linker: Option<Vec<String>>,
    ) -> Result<Bundles> {
        let rustc = compiler.rustc();
        let output = Command::new(rustc).arg("--print=target-libdir").output()?;
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let find_in = |folder: &str| match linker {
            Some(_) => [
                "-Clink-arg=-rpath".to_owned(),
                format!("-Clink-arg={folder}"),
            ]
            .to_vec(),
            None => [format!("-Clink-arg=-Wl,-rpath,{folder}")].to_vec(),
        };
        // Little is left to compile, and splitting it costs more than it gains.
        let mut standard = ["-Cprefer-dynamic", "-Ccodegen-units=1"]
            .map(str::to_owned)
            .to_vec();
        standard.extend(find_in(&folder));
        standard.extend(linker.iter().flatten().cloned());

        let mut all: Vec<String> = compiler.crates().map(str::to_owned).collect();
        all.push(RECORDED.to_owned());
        let mut sets = SETS
            .map(|set| {
                set.iter()
                    .map(|name| (*name).to_owned())
                    .collect::<Vec<_>>()
            })
            .to_vec();
        sets.retain(|set| set.iter().all(|name| all.contains(name)));
        sets.push(all);
        let mut libraries = Vec::new();
        for set in sets {
            let folder = build_library(compiler, rustc, workspace, cache, &set)?;
            let library = folder.join(library_name());
            let mut args = standard.clone();
            args.extend(find_in(&folder.to_string_lossy()));
            args.push(format!("--extern={NAME}={}", library.display()));
            try_out(compiler, rustc, cache, &args)?;
            libraries.push((set, args));
        }
        Ok(Bundles {
            standard,
            libraries,
        })
    }

    /// What the compiler is told of a program that uses these crates, and what follows its source.
    pub fn of(&self, used: &[&str]) -> (&[String], &'static str) {
        if used.is_empty() {
            return (&self.standard, "");
        }
        let has_all = |set: &[String]| used.iter().all(|name| set.iter().any(|own| own == name));
        let library = self.libraries.iter().find(|(set, _)| has_all(set));
        library.map_or((&self.standard, ""), |(_, args)| (args, USE))
    }
}

fn library_name() -> String {
    format!("{DLL_PREFIX}{NAME}{DLL_SUFFIX}")
}

/// Builds the library of these crates, and gives the folder that it lies in.
fn build_library(
    compiler: &Compiler,
    rustc: &Path,
    workspace: &Path,
    cache: &Cache,
    set: &[String],
) -> Result<std::path::PathBuf> {
    let warm = workspace.join("tools/programs/src/warm");
    let mut source = format!("pub use {{{}}};\n", set.join(", "));
    // The texts are for the key.
    let mut texts = String::new();
    for name in set.iter().map(String::as_str).chain(["standard"]) {
        let file = warm.join(format!("{name}.rs"));
        if file.is_file() {
            texts += &fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            source += &format!("#[path = {file:?}]\npub mod warm_{name};\n");
        }
    }
    let args = [
        "--crate-name=programs",
        "--crate-type=dylib",
        "--edition=2024",
        "-Cprefer-dynamic",
        "-Cdebuginfo=0",
    ]
    .map(str::to_owned);
    let key = compiler.library_key(set, &[&source, &texts, &args.join("\n")]);
    let folder = cache.folder().join(format!("bundle-{key}"));
    if !folder.join(library_name()).is_file() {
        let work = tempfile::tempdir_in(cache.folder())?;
        fs::write(work.path().join("lib.rs"), source)?;
        let output = Command::new(rustc)
            .arg("lib.rs")
            .args(&args)
            .args(compiler.library_args(set))
            .current_dir(work.path())
            .env_remove("RUSTFLAGS")
            .output()?;
        let message = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the compiler says: {message}");
        let work = work.keep();
        match fs::rename(&work, &folder) {
            // Another process was faster.
            Err(_) if folder.join(library_name()).is_file() => fs::remove_dir_all(&work)?,
            result => result?,
        }
    }
    Ok(folder)
}

fn try_out(compiler: &Compiler, rustc: &Path, cache: &Cache, args: &[String]) -> Result<()> {
    // A panic must find its way through the program and the library.
    let source = format!(
        "fn main() {{ assert!(std::panic::catch_unwind(|| panic!(\"caught\")).is_err()) }}\n{USE}"
    );
    let work = cache.work([(SOURCE, source.as_str())])?;
    let output = Command::new(rustc)
        .args(compiler.recipe(&[Source::only(&source)], args).args)
        .current_dir(work.path())
        .env_remove("RUSTFLAGS")
        .output()?;
    let message = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the compiler says: {message}");
    let mut program = Command::new(work.path().join(executable_name()));
    let end = process::run(program.env_clear(), process::LIMIT)?;
    ensure!(end.status.success(), "a program says: {}", end.stderr);
    Ok(())
}
