//! One shared library of all crates that programs may use.
//!
//! A program that is linked with it is compiled in about two thirds of the time: there is less to link, and the generic functions that `programs` instantiates are not made again.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::cache::{Cache, executable_name};
use crate::programs::compile::Compiler;
use crate::programs::process;

/// The crate's name, which is the package's too.
const NAME: &str = "programs";

/// The line that makes a program use the shared library; it stands after everything else.
const USE: &str = "extern crate programs as _;\n";

/// What the compiler is told of a program that is linked with shared libraries.
#[derive(Debug)]
pub struct Bundle {
    standard: Vec<String>,
    crates: Vec<String>,
}

impl Bundle {
    /// Builds the library, or finds it as an earlier call left it, and tries whether a program starts with it.
    pub fn build(compiler: &Compiler, workspace: &Path, cache: &Cache) -> Result<Bundle> {
        ensure!(
            cfg!(unix),
            "this system finds shared libraries in another way"
        );
        let folder = workspace.join("workbook/programs/src");
        let source = folder.join("lib.rs");
        let mut text = String::new();
        for file in [&source, &folder.join("warm.rs")] {
            text += &fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))?;
        }
        let rustc = compiler.direct_rustc();
        let mut args = ["--crate-name=programs", "--crate-type=dylib"]
            .map(str::to_owned)
            .to_vec();
        args.extend(["--edition=2024", "-Cprefer-dynamic", "-Cdebuginfo=0"].map(str::to_owned));
        let key = compiler.recipe(&text, NAME, &args).key;
        let folder = cache.folder().join(format!("bundle-{key}"));
        let library = folder.join(format!("{DLL_PREFIX}{NAME}{DLL_SUFFIX}"));
        if !library.is_file() {
            let work = tempfile::tempdir_in(cache.folder())?;
            let output = Command::new(&rustc)
                .arg(&source)
                .args(&args)
                .args(compiler.library_args())
                .arg("--out-dir")
                .arg(work.path())
                .env_remove("RUSTFLAGS")
                .output()?;
            let message = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "the compiler says: {message}");
            let work = work.keep();
            match fs::rename(&work, &folder) {
                // Another process was faster.
                Err(_) if library.is_file() => fs::remove_dir_all(&work)?,
                result => result?,
            }
        }
        let output = Command::new(&rustc).arg("--print=target-libdir").output()?;
        let standard = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let find_in = |folder: &str| format!("-Clink-arg=-Wl,-rpath,{folder}");
        let standard = vec![
            "-Cprefer-dynamic".to_owned(),
            find_in(&standard),
            // Little is left to compile, and splitting it costs more than it gains.
            "-Ccodegen-units=1".to_owned(),
        ];
        let mut crates = standard.clone();
        crates.push(find_in(&folder.to_string_lossy()));
        crates.push(format!("--extern={NAME}={}", library.display()));
        let bundle = Bundle { standard, crates };
        bundle.try_out(compiler, &rustc, cache)?;
        Ok(bundle)
    }

    /// What the compiler is told, and what follows the program's source.
    pub fn of(&self, uses_crates: bool) -> (&[String], &'static str) {
        if uses_crates {
            (&self.crates, USE)
        } else {
            (&self.standard, "")
        }
    }

    fn try_out(&self, compiler: &Compiler, rustc: &Path, cache: &Cache) -> Result<()> {
        let (more, end) = self.of(true);
        let source = format!("fn main() {{}}\n{end}");
        let work = cache.work(&source)?;
        let output = Command::new(rustc)
            .args(compiler.recipe(&source, &executable_name(), more).args)
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
}
