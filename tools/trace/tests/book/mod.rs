//! The recordings of the book.

use std::fs;
use std::path::Path;

/// Gives the name and the text of each file of `book/traces` or `book/figures`.
pub fn files(folder: &str) -> Vec<(String, String)> {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book");
    let files = fs::read_dir(book.join(folder)).unwrap();
    let files = files.map(|file| {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    let files: Vec<_> = files.collect();
    assert!(files.len() > 30);
    files
}
