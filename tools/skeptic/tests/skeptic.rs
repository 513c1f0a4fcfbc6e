//! Every Rust program of the book, compiled and run by skeptic.
//!
//! `cargo test` at the root of the project starts these tests, and sets the compiler for them.

include!(concat!(env!("OUT_DIR"), "/skeptic-tests.rs"));

/// Stands for the edition: without the compiler set, skeptic would take 2021.
#[test]
fn compiler_is_set() {
    assert!(
        std::env::var_os("WORKBOOK_COMPILER").is_some(),
        "run `cargo test --test book` at the root of the project instead: it sets the compiler that takes edition 2024"
    );
}
