//! The programs in the book: found in the chapters, compiled, run, and compared with what the book says of them.
//!
//! [`compile`] is for all programs, those of readers and of exercises too: with [`cargo`], which builds the crates that they use, [`bundle`], which links them quickly, and [`cache`], which keeps what was made.

pub mod bundle;
pub mod cache;
pub mod cargo;
pub mod chapter;
pub mod compile;
pub mod fence;
pub mod pattern;
pub mod program;
pub mod python;
