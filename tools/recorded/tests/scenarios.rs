//! The recordings of the book are what its programs do today.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of a folder, by their names.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let file = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    let files = fs::read_dir(folder).unwrap();
    files.map(|entry| file(entry.unwrap().path())).collect()
}

/// The names of the book's figures.
fn figures() -> BTreeSet<String> {
    let files = files(&project().join("book/figures")).into_keys();
    files.map(|file| file.strip_suffix(".html").unwrap().to_owned()).collect()
}

#[test]
fn the_recordings_of_the_book_are_what_the_programs_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = Command::new(env!("CARGO_BIN_EXE_record"));
    let record = record.arg(folder.path()).stdout(Stdio::null());
    assert!(record.status().unwrap().success());
    for kind in ["traces", "figures"] {
        let kept = files(&project().join("book").join(kind));
        let made = files(&folder.path().join(kind));
        let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&kept), names(&made), "{kind} and scenarios");
        for (name, text) in kept {
            assert!(text == made[&name], "{kind}/{name} differs: run cargo run -p recorded --bin record");
            assert!(!text.contains("TODO"), "{kind}/{name} is still TODO");
        }
    }
}

#[test]
fn a_mistaken_argument_makes_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = Command::new(env!("CARGO_BIN_EXE_record"));
    let output = record.arg("--help").current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("there is no folder --help"), "{said}");
    assert!(files(folder.path()).is_empty());
}

#[test]
fn every_program_is_recorded_and_formatted() {
    let mut recorded = BTreeSet::new();
    for trace in files(&project().join("book/traces")).values() {
        let trace: asyncio_trace::Trace = serde_json::from_str(trace).unwrap();
        let sources = trace.runs.into_iter().map(|run| run.source.unwrap());
        recorded.extend(sources.map(|source| project().join(source.file)));
    }
    let scenarios = project().join("tools/recorded/scenarios");
    let chapters = fs::read_dir(scenarios).unwrap();
    let chapters = chapters.map(|entry| entry.unwrap().path());
    let programs: BTreeSet<PathBuf> = chapters
        .filter(|chapter| chapter.is_dir())
        .flat_map(|chapter| fs::read_dir(chapter).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(recorded, programs);
    // Cargo does not see them, because a macro names them.
    let programs =
        programs.into_iter().filter(|program| program.extension().is_some_and(|extension| extension == "rs"));
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--check", "--edition", "2024"]).args(programs);
    assert!(rustfmt.status().unwrap().success());
}

#[test]
fn every_figure_is_shown() {
    let mut shown = BTreeSet::new();
    for text in files(&project().join("book/src")).values() {
        let figures = text.lines().filter_map(|line| {
            let figure = line.strip_prefix("{{#include ../figures/")?;
            Some(figure.strip_suffix(".html}}")?.to_owned())
        });
        shown.extend(figures);
    }
    assert_eq!(shown, figures());
}
