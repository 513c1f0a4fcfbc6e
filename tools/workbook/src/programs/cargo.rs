//! What cargo knows: the exact files of the crates that programs are linked with.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Error, Result, bail, ensure};
use cargo_metadata::{Artifact, Message, MetadataCommand};

const NO_CARGO: &str = "cannot start cargo: install Rust from https://rustup.rs, and start the workbook again";

/// The root of the workspace this program was built in.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// A cargo command in the workspace; the cargo that started this process is preferred.
pub fn command(workspace: &Path) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(workspace).stdin(Stdio::null());
    // Under `cargo run` and `cargo test` this process is told of its own package; with these, some build scripts would run again.
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&variable);
        }
    }
    command
}

/// Runs cargo with these arguments and lists what it made or found up to date; its own messages go to standard error.
pub fn artifacts(workspace: &Path, args: &[&str]) -> Result<Vec<Artifact>> {
    let output = command(workspace)
        .args(args)
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .context(NO_CARGO)?;
    ensure!(output.status.success(), "`cargo {}` failed: repair what it printed above", args.join(" "));
    let mut artifacts = Vec::new();
    for message in Message::parse_stream(&*output.stdout) {
        if let Message::CompilerArtifact(artifact) = message? {
            artifacts.push(artifact);
        }
    }
    Ok(artifacts)
}

/// The crate that takes Tokio's place in a program that is recorded.
pub const RECORDED: &str = "recorded";

/// Where the crates for the book's programs are.
#[derive(Debug)]
pub struct Crates {
    /// Each crate that a program may name, and its library file.
    pub externs: Vec<(String, PathBuf)>,
    /// The library that takes Tokio's place in a program that is recorded.
    pub recorded: PathBuf,
    /// The folders that hold what those crates depend on.
    pub folders: Vec<PathBuf>,
    /// The folder for everything built, where a cache may lie too.
    pub target: PathBuf,
}

/// Builds the package `programs` with what records them, and finds its dependencies' files.
pub fn crates(workspace: &Path) -> Result<Crates> {
    let metadata = MetadataCommand::new().current_dir(workspace).no_deps().exec();
    let metadata = metadata.map_err(|error| match error {
        cargo_metadata::Error::Io(error) => Error::new(error).context(NO_CARGO),
        error => Error::new(error).context("cargo does not know this workspace"),
    })?;
    // Both at once, so that they are built upon the same crates.
    let packages = ["--package", "programs", "--package", RECORDED];
    let artifacts = artifacts(workspace, &[&["build", "--lib"], &packages[..]].concat())?;
    let library = |name: &str| {
        let mut found = artifacts
            .iter()
            .filter(|artifact| artifact.target.is_lib() && artifact.target.name == name)
            .flat_map(|artifact| &artifact.filenames)
            .filter(|file| file.extension() == Some("rlib"));
        match (found.next(), found.next()) {
            (Some(file), None) => Ok(file.clone().into_std_path_buf()),
            (None, _) => bail!("cargo built no library for the crate `{name}`"),
            // Programs would be linked with one of them by chance.
            (Some(_), Some(_)) => bail!("cargo built the crate `{name}` in two versions"),
        }
    };
    let mut packages = metadata.packages.iter();
    let programs = packages.find(|package| package.name == "programs");
    let used = programs.context("there is no package `programs`")?.dependencies.iter();
    let externs = used.map(|used| {
        let name = used.rename.as_ref().unwrap_or(&used.name);
        let name = name.replace('-', "_");
        let file = library(&name)?;
        Ok((name, file))
    });
    let files = artifacts.iter().flat_map(|artifact| &artifact.filenames);
    let mut folders: Vec<PathBuf> = files.filter_map(|file| Some(file.parent()?.into())).collect();
    folders.sort();
    folders.dedup();
    Ok(Crates {
        externs: externs.collect::<Result<_>>()?,
        recorded: library(RECORDED)?,
        folders,
        target: metadata.target_directory.into(),
    })
}
