//! The program behind `cargo run`: it builds, serves and checks the book.
//!
//! Read [`cli`] for what it can do, [`book`] and [`serve`] for how the page comes about, [`programs`] for how the programs in the book are found, compiled and compared with what it says, [`run`] for how a reader runs them on the page, and [`exercises`] for how a reader's own are checked.

pub mod api;
pub mod book;
pub mod cli;
pub mod exercises;
pub mod new;
pub mod programs;
pub mod reload;
mod rename;
pub mod run;
pub mod serve;
pub mod watch;
