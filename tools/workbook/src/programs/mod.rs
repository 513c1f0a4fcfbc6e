//! The programs in the book: found in the chapters, compiled, run, and compared with what the book says of them.

mod bundle;
pub mod cache;
pub mod cargo;
pub mod chapter;
pub mod compile;
pub mod fence;
pub mod pattern;
pub mod program;
pub mod python;
