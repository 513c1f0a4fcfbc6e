//! Shared libraries of the crates that programs may use.
//!
//! A program that is linked with one is compiled in about two thirds of the time: there is less to link, and the generic functions that the library has are not made again.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::cargo::RECORDED;
use super::compile::{Compiler, executable_name};
use crate::supervisor::limits::Limits;
use crate::supervisor::{Job, Supervisor};

/// The line that makes a program use the shared library; it stands after everything else.
const USE: &str = "extern crate programs as _;\n";

/// The sets of crates that have a library of their own.
///
/// The fewer crates a program is linked with, the less the compiler must read; most programs use one.
const SETS: [&[&str]; 3] = [&["tokio"], &["asyncio"], &["asyncio", "tokio", RECORDED]];

/// A panic must find its way through the program and the library.
const TRIAL: &str = "fn main() { assert!(std::panic::catch_unwind(|| panic!(\"caught\")).is_err()) }\n";

/// A library of all crates takes more than a program.
fn limits() -> Limits {
    let program = Limits::compiler();
    Limits {
        wall: program.wall * 20,
        cpu: program.cpu * 20,
        memory: program.memory * 4,
        file: program.file * 8,
        ..program
    }
}

/// What the compiler is told of programs that are linked with shared libraries.
#[derive(Debug, Serialize, Deserialize)]
pub struct Bundles {
    /// What every program needs.
    standard: Vec<String>,
    /// The crates of each library, and what to tell of it; the last has all crates.
    libraries: Vec<(Vec<String>, Vec<String>)>,
}

impl Bundles {
    /// Builds the libraries, or finds them as an earlier call left them, and tries whether programs start with them.
    pub async fn build(compiler: &Compiler, workspace: &Path, by: &mut Supervisor) -> Result<Bundles> {
        ensure!(cfg!(unix), "this system finds shared libraries in another way");
        let direct = direct_linker(&compiler.libraries);
        match Bundles::with_linker(compiler, workspace, by, direct).await {
            // The usual way takes a little longer.
            Err(_) => Bundles::with_linker(compiler, workspace, by, None).await,
            bundles => bundles,
        }
    }

    async fn with_linker(
        compiler: &Compiler,
        workspace: &Path,
        by: &mut Supervisor,
        linker: Option<Vec<String>>,
    ) -> Result<Bundles> {
        let find_in = |folder: &Path| match linker {
            Some(_) => vec!["-Clink-arg=-rpath".to_owned(), format!("-Clink-arg={}", folder.display())],
            None => vec![format!("-Clink-arg=-Wl,-rpath,{}", folder.display())],
        };
        // Little is left to compile, and splitting it costs more than it gains.
        let mut standard = ["-Cprefer-dynamic", "-Ccodegen-units=1"].map(str::to_owned).to_vec();
        standard.extend(find_in(&compiler.libraries));
        standard.extend(linker.iter().flatten().cloned());

        let mut all: Vec<&str> = compiler.crates().collect();
        all.push(RECORDED);
        let sets = SETS.iter().copied().filter(|set| set.iter().all(|name| all.contains(name)));
        let mut libraries = Vec::new();
        for set in sets.chain([&*all]) {
            let set: Vec<String> = set.iter().map(|name| (*name).to_owned()).collect();
            let library = build_library(compiler, workspace, &set, by).await?;
            let mut args = standard.clone();
            args.extend(library.parent().map(find_in).unwrap_or_default());
            args.push(format!("--extern=programs={}", library.display()));
            try_out(compiler, &args, by).await?;
            libraries.push((set, args));
        }
        Ok(Bundles { standard, libraries })
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

/// Builds the library of these crates.
async fn build_library(
    compiler: &Compiler,
    workspace: &Path,
    set: &[String],
    by: &mut Supervisor,
) -> Result<std::path::PathBuf> {
    let warm = workspace.join("tools/programs/src/warm");
    let mut source = format!("pub use {{{}}};\n", set.join(", "));
    // The texts are for the key.
    let mut texts = String::new();
    for name in set.iter().map(String::as_str).chain(["standard"]) {
        let file = warm.join(format!("{name}.rs"));
        if file.is_file() {
            texts += &fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            source += &format!("#[path = {file:?}]\npub mod warm_{name};\n");
        }
    }
    let name = format!("{DLL_PREFIX}programs{DLL_SUFFIX}");
    let way = compiler.way_of_library(set, &name, source, &texts);
    compiler.make_once(&way, &name, limits(), by).await
}

async fn try_out(compiler: &Compiler, args: &[String], by: &mut Supervisor) -> Result<()> {
    let way = compiler.way_of_trial(format!("{TRIAL}{USE}"), args);
    let program = compiler.make_once(&way, &executable_name(), limits(), by).await?;
    let folder = tempfile::tempdir()?;
    let ended = by.run(Job::new(program, folder.path(), limits())).await?;
    ensure!(ended.end.ok(), "a program says: {}", ended.stderr);
    Ok(())
}

/// What rustc is told so that it starts its own linker, without the C compiler in between; `None` where that is not known to work.
///
/// The C compiler starts the linker with a few files and folders of its own; knowing them saves two processes for each program.
/// Whoever uses it tries it out first.
fn direct_linker(libraries: &Path) -> Option<Vec<String>> {
    if cfg!(not(target_os = "linux")) {
        return None;
    }
    let linker = libraries.parent()?.join("bin/rust-lld");
    if !linker.is_file() {
        return None;
    }
    // It prints what it would do, on standard error.
    let output = Command::new("cc").args(["-###", "-pie", "main.o"]).output();
    let args = link_args(&String::from_utf8(output.ok()?.stderr).ok()?)?;
    let mut told = vec![format!("-Clinker={}", linker.display()), "-Clinker-flavor=ld.lld".to_owned()];
    told.extend(args.iter().map(|arg| format!("-Clink-arg={arg}")));
    Some(told)
}

/// Picks the linker's arguments that depend on the system out of the C compiler's words.
fn link_args(words: &str) -> Option<Vec<String>> {
    let mut lines = words.lines();
    let line = lines.find(|line| line.contains("-dynamic-linker"))?;
    let words = line.split_whitespace().map(|word| word.trim_matches('"'));
    let words: Vec<&str> = words.collect();
    let at = words.iter().position(|word| *word == "-dynamic-linker")?;
    let mut args = vec![words[at], words.get(at + 1)?];
    let is_start = |word: &&&str| word.ends_with(".o") && word.contains("crt");
    args.extend(words.iter().filter(is_start));
    // The dynamic linker with its name, and five files that every program begins or ends with.
    if args.len() != 7 {
        return None;
    }
    args.extend(words.iter().filter(|word| word.starts_with("-L")));
    Some(args.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_depends_on_the_system_is_found() {
        let words = "gcc version 12\n /usr/lib/collect2 -plugin \"-plugin-opt=x\" -m elf_x86_64 -dynamic-linker /lib64/ld.so -pie /a/Scrt1.o /a/crti.o /a/crtbeginS.o -L/a -L/b main.o -lc /a/crtendS.o /a/crtn.o\n";
        let args = link_args(words).expect("arguments");
        assert_eq!(
            args.join(" "),
            "-dynamic-linker /lib64/ld.so /a/Scrt1.o /a/crti.o /a/crtbeginS.o /a/crtendS.o /a/crtn.o -L/a -L/b"
        );
    }

    #[test]
    fn what_is_not_understood_is_not_used() {
        assert_eq!(link_args(""), None);
        assert_eq!(link_args("ld -dynamic-linker /lib64/ld.so main.o"), None);
    }
}
