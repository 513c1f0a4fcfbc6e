//! The library's documentation, which the book links to under `api/`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::programs::cargo;

/// Where the documentation of the project lies once it is built.
///
/// It has a folder of its own, so that nothing but the library's pages is in it.
pub fn folder(project: &Path) -> PathBuf {
    target(project).join("doc")
}

fn target(project: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| project.join("target"), |dir| project.join(dir)).join("api")
}

/// The command that builds it.
pub fn command(project: &Path) -> Command {
    let mut command = cargo::command(project);
    command
        .args(["doc", "--quiet", "--package", "asyncio", "--no-deps"])
        .arg("--target-dir")
        .arg(target(project))
        // Standard output belongs to the address.
        .stdout(Stdio::null());
    command
}

/// Whether there is a library to document; a copy of the book alone has none.
pub fn exists(project: &Path) -> bool {
    project.join("Cargo.toml").is_file() && project.join("src/lib.rs").is_file()
}

/// Says why the links to the documentation lead nowhere, which does not keep anybody from reading.
pub fn say_missing(why: &str) {
    eprintln!("note: the book comes without the library's documentation: {why}");
}

/// Builds the documentation and waits for it; without it the answer is `None`, and the reason is printed.
pub fn build_now(project: &Path) -> Option<PathBuf> {
    if !exists(project) {
        say_missing("there is no library beside the book");
        return None;
    }
    match command(project).status() {
        Ok(status) if status.success() => Some(folder(project)),
        Ok(_) => {
            say_missing("`cargo doc` failed");
            None
        }
        Err(error) => {
            say_missing(&format!("cargo cannot be started: {error}"));
            None
        }
    }
}
