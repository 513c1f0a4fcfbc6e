//! Lets skeptic write one test function for each Rust program of the book.

const CHAPTERS: &str = "../../book/src";

fn main() {
    // Without this line a chapter that is added later would not be tested.
    println!("cargo:rerun-if-changed={CHAPTERS}");
    let chapters = skeptic::markdown_files_of_directory(CHAPTERS);
    if chapters.is_empty() {
        panic!("no chapter in {CHAPTERS}: this package tests the programs of the book");
    }
    skeptic::generate_doc_tests(&chapters);
}
