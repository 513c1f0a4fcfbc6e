//! The program behind `cargo run`: it builds, serves and checks the book.
//!
//! Read [`cli`] for what it can do, [`book`] and [`serve`] for how the page comes about, and [`programs`] for how the programs in the book are found, compiled and run.

pub mod api;
pub mod book;
pub mod cli;
pub mod programs;
pub mod reload;
pub mod serve;
pub mod watch;
