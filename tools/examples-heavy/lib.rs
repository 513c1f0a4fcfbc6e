//! Nothing of its own: the package holds the examples that need crates which the others should not have to compile.
//!
//! Cargo compiles the development dependencies of a package for every one of its examples.
//! The files lie in `examples/` with the others, and `cargo run --example NAME` runs either kind.
