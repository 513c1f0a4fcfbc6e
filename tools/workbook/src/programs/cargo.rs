//! What cargo knows: the exact files of the crates that programs are linked with.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

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

/// One file set that cargo made or found up to date.
#[derive(Debug)]
pub struct Artifact {
    /// The crate's name as programs write it.
    pub name: String,
    /// `lib`, `example`, `test`, and so on.
    pub kind: String,
    pub files: Vec<PathBuf>,
    pub executable: Option<PathBuf>,
}

/// Runs cargo with these arguments and lists what it made; its own messages go to standard error.
pub fn artifacts(workspace: &Path, args: &[&str]) -> Result<Vec<Artifact>> {
    let output = command(workspace)
        .args(args)
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo: install Rust from https://rustup.rs")?;
    ensure!(
        output.status.success(),
        "`cargo {}` failed: repair what it printed above",
        args.join(" ")
    );
    let mut artifacts = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: Value =
            serde_json::from_str(line).context("cargo printed a broken message")?;
        if message["reason"] == "compiler-artifact" {
            artifacts.push(artifact(&message)?);
        }
    }
    Ok(artifacts)
}

fn artifact(message: &Value) -> Result<Artifact> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Ok(Artifact {
        name: text(&message["target"]["name"])
            .context("cargo named no target")?
            .replace('-', "_"),
        kind: text(&message["target"]["kind"][0]).context("cargo named no kind of target")?,
        files: message["filenames"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|file| text(file).map(PathBuf::from))
            .collect(),
        executable: text(&message["executable"]).map(PathBuf::from),
    })
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
    let (target, names) = programs_metadata(workspace)?;
    // Both at once, so that they are built upon the same crates.
    let packages = ["--package", "programs", "--package", RECORDED];
    let artifacts = artifacts(workspace, &[&["build", "--lib"], &packages[..]].concat())?;
    let mut externs = Vec::new();
    for name in names.into_iter().chain([RECORDED.to_owned()]) {
        let mut found = artifacts
            .iter()
            .filter(|artifact| artifact.name == name && artifact.kind == "lib")
            .flat_map(|artifact| &artifact.files)
            .filter(|file| file.extension().is_some_and(|e| e == "rlib"));
        match (found.next(), found.next()) {
            (Some(file), None) => externs.push((name, file.clone())),
            (None, _) => bail!("cargo built no library for the crate `{name}`"),
            // Programs would be linked with one of them by chance.
            (Some(_), Some(_)) => bail!("cargo built the crate `{name}` in two versions"),
        }
    }
    let mut folders: Vec<PathBuf> = artifacts
        .iter()
        .flat_map(|artifact| &artifact.files)
        .filter_map(|file| Some(file.parent()?.to_path_buf()))
        .collect();
    folders.sort();
    folders.dedup();
    let (_, recorded) = externs.pop().context("it was just looked for")?;
    Ok(Crates {
        externs,
        recorded,
        folders,
        target,
    })
}

/// The target folder, and the names of the crates that `programs` depends on.
fn programs_metadata(workspace: &Path) -> Result<(PathBuf, Vec<String>)> {
    let output = command(workspace)
        .args(["metadata", "--no-deps", "--format-version=1"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo: install Rust from https://rustup.rs")?;
    ensure!(
        output.status.success(),
        "`cargo metadata` failed: repair what it printed above"
    );
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let target = metadata["target_directory"]
        .as_str()
        .context("cargo named no target folder")?;
    let names = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|package| package["name"] == "programs")
        .flat_map(|package| package["dependencies"].as_array().into_iter().flatten())
        .filter_map(|dependency| Some(dependency["name"].as_str()?.replace('-', "_")))
        .collect();
    Ok((target.into(), names))
}
