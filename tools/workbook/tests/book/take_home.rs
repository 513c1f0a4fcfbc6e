//! What a chapter tells its reader to add to a project is all that its programs need there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::{Failed, Trial};
use workbook::programs::cargo;
use workbook::programs::chapter::{Block, Chapter};
use workbook::programs::fence::Fence;

use crate::Context;

/// How such a line begins.
pub const ADD: &str = "cargo add ";

/// What one line adds.
#[derive(Debug, PartialEq)]
pub struct Added<'a> {
    name: &'a str,
    /// Whether only tests and examples have it.
    dev: bool,
    features: Vec<&'a str>,
}

impl<'a> Added<'a> {
    /// Reads `cargo add NAME [--dev] [--features A,B]`.
    pub fn parse(command: &'a str) -> Option<Added<'a>> {
        let mut words = command.strip_prefix(ADD)?.split(' ');
        let name = words.next()?;
        let mut added = Added { name, dev: false, features: Vec::new() };
        while let Some(word) = words.next() {
            match word {
                "--dev" => added.dev = true,
                "--features" => added.features.extend(words.next()?.split(',')),
                _ => return None,
            }
        }
        Some(added)
    }
}

/// A trial for each chapter that has such lines.
pub fn trials(context: &'static Context, chapters: &'static [Chapter]) -> Vec<Trial> {
    let with_lines = chapters.iter().filter(|chapter| !lines(chapter).is_empty());
    let trial = |chapter: &'static Chapter| {
        let run = move || {
            let _cores = context.cores.read();
            check(context.book.project(), chapter).map_err(|error| Failed::from(format!("{error:#}")))
        };
        Trial::test(format!("take home {}", chapter.name), run)
    };
    let full = || {
        full_leaves_out_the_clock_for_tests(context.book.project()).map_err(|error| Failed::from(format!("{error:#}")))
    };
    with_lines.map(trial).chain([Trial::test("take home full", full)]).collect()
}

/// What the page on a project of one's own says of Tokio's feature `full`.
fn full_leaves_out_the_clock_for_tests(project: &Path) -> Result<()> {
    let mut command = cargo_metadata::MetadataCommand::new();
    let metadata = command.current_dir(project).other_options(["--offline".to_owned()]).exec()?;
    let tokio = metadata.packages.iter().find(|package| *package.name == "tokio").context("the project uses Tokio")?;
    let full = &tokio.features["full"];
    let has = |feature: &&str| full.iter().any(|own| own == feature);
    let named = ["fs", "io-util", "macros", "net", "process", "rt", "rt-multi-thread", "signal", "sync", "time"];
    ensure!(named.iter().all(has) && !has(&"test-util"), "{full:?}");
    Ok(())
}

fn lines(chapter: &Chapter) -> Vec<Added<'_>> {
    let consoles = chapter.blocks.iter().filter(|block| block.fence == Fence::Console);
    let commands = consoles.flat_map(|block| block.text.lines()).filter_map(|line| line.strip_prefix("$ "));
    commands.filter_map(Added::parse).collect()
}

/// Whether a program is one for a project of the reader's own, which does not have this library.
fn is_for_home(block: &Block) -> bool {
    block.fence.is_rust()
        && block.fence.is_run()
        && !block.text.contains("asyncio::")
        && (block.text.contains("tokio") || block.text.contains("anyhow"))
}

/// Compiles the chapter's programs in a package that has nothing else.
fn check(project: &Path, chapter: &Chapter) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let locked = fs::read_to_string(project.join("Cargo.lock"))?;
    // By the table of the manifest; a crate may be in both.
    let mut tables: BTreeMap<&str, String> = BTreeMap::new();
    for Added { name, dev, features } in lines(chapter) {
        let version = version(&locked, name).with_context(|| format!("the project does not use {name}"))?;
        let table = tables.entry(if dev { "dev-dependencies" } else { "dependencies" }).or_default();
        writeln!(table, "{name} = {{ version = \"={version}\", features = {features:?} }}")?;
    }
    let mut manifest = "[package]\nname = \"home\"\nedition = \"2024\"\n\n[workspace]\n".to_owned();
    for (name, table) in tables {
        write!(manifest, "\n[{name}]\n{table}")?;
    }
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
    write("Cargo.toml", &manifest)?;
    write("Cargo.lock", &locked)?;
    fs::create_dir_all(folder.path().join("src/bin"))?;
    for block in chapter.blocks.iter().filter(|block| is_for_home(block)) {
        write(&format!("src/bin/line_{}.rs", block.line), &block.rust_source())?;
    }
    let mut command = cargo::command(folder.path());
    // Only what is tested has what only tests need.
    let has_tests = chapter.blocks.iter().any(|block| is_for_home(block) && block.text.contains("#[tokio::test"));
    let action = if has_tests { "test" } else { "check" };
    command.args([action, "--quiet", "--offline", "--bins"]);
    let output = command.env("CARGO_TARGET_DIR", project.join("target/take-home")).output()?;
    ensure!(
        output.status.success(),
        "with what {} adds, its programs do not compile in a project of the reader's own:\n{manifest}\n{}",
        chapter.name,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// The version of a crate in a lock file.
fn version<'a>(locked: &'a str, name: &str) -> Option<&'a str> {
    let (_, entry) = locked.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    entry.split('"').next()
}
