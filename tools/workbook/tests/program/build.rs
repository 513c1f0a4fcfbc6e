//! The book as a folder of pages.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use workbook::book::{Book, without_lists};

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

/// Everything in a folder and in those below it.
fn texts(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut texts = BTreeMap::new();
    for name in files(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            texts.extend(texts_below(&path, &name));
        } else {
            texts.insert(name, fs::read(&path).expect("a file"));
        }
    }
    texts
}

fn texts_below(folder: &Path, name: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    texts(folder).into_iter().map(|(below, text)| (name.join(below), text)).collect()
}

#[test]
fn a_plain_mdbook_makes_the_same_pages() {
    let book = Book::find(None).expect("the project's book");
    let out = tempfile::tempdir().expect("a temporary folder");
    let (ours, plain) = (out.path().join("ours"), out.path().join("plain"));
    book.render(&ours).expect("pages");
    // As `mdbook build` does: it starts the command that book.toml names.
    let mut config = Config::from_disk(book.folder().join("book.toml")).expect("the settings");
    config.build.build_dir.clone_from(&plain);
    MDBook::load_with_config(book.folder(), config).and_then(|book| book.build()).expect("pages");
    let (ours, mut plain) = (texts(&ours), texts(&plain));
    // The one difference: what no search looks at is in a plain book's index.
    for (name, text) in &mut plain {
        if name.to_string_lossy().starts_with("searchindex") {
            let lighter = without_lists(&String::from_utf8_lossy(text)).expect("an index");
            assert!(lighter.len() * 2 < text.len(), "{} of {}", lighter.len(), text.len());
            *text = lighter.into_bytes();
        }
    }
    let page = String::from_utf8_lossy(&plain[Path::new("gather_wait.html")]);
    assert_eq!(page.matches("id=\"exercise-one_by_one\"").count(), 1, "the exercises stand there once");
    let differing: Vec<_> =
        ours.keys().chain(plain.keys()).filter(|name| ours.get(*name) != plain.get(*name)).collect();
    assert!(differing.is_empty(), "{differing:?}");
}
