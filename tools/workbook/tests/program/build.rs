//! The book as a folder of pages.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{refusal, run, sample_book, write};

/// Everything in a folder, as relative paths.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name().into()).collect();
    files.sort();
    files
}

#[test]
fn build_writes_to_new_empty_and_built_folders() {
    let book = sample_book();
    let folder = book.path().display().to_string();
    let out = tempfile::tempdir().expect("a temporary folder");
    let empty = out.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    for dest in [out.path().join("new/deep"), empty.clone(), empty.clone()] {
        let output = run(&["build", "--book", &folder, "--dest", &dest.display().to_string()]);
        assert!(output.status.success(), "{output:?}");
        let page = fs::read_to_string(dest.join("one.html")).expect("a page");
        assert!(page.contains("first text"));
        assert!(!page.contains("__reload"), "the script is for the server only");
    }
    // No half-built folder is left behind.
    assert_eq!(files(out.path()), [Path::new("empty"), Path::new("new")]);

    write(&book, "src/SUMMARY.md", "# Summary\n\n- [One](one.md)\n");
    let output = run(&["build", "--book", &folder, "--dest", &empty.display().to_string()]);
    assert!(output.status.success(), "{output:?}");
    assert!(!empty.join("two.html").exists(), "an earlier build is replaced");
}

#[test]
fn build_deletes_nobodys_files() {
    let book = sample_book();
    let folder = book.path().display().to_string();
    let out = tempfile::tempdir().expect("a temporary folder");
    fs::write(out.path().join("letter.txt"), "dear").expect("a file");
    let dest = out.path().display().to_string();
    let error = refusal(&["build", "--book", &folder, "--dest", &dest]);
    assert_eq!(
        error,
        format!("error: {dest} holds files that are not a built book: empty it or name another folder\n")
    );
    let file = out.path().join("letter.txt").display().to_string();
    let error = refusal(&["build", "--book", &folder, "--dest", &file]);
    assert_eq!(error, format!("error: {file} is not a folder: name another one\n"));
    assert_eq!(files(out.path()), [Path::new("letter.txt")]);
    assert_eq!(fs::read_to_string(&file).expect("the file"), "dear");
}
