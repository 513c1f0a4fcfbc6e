//! Downloads into files, as the example `clients` makes them and its tests try them.
//!
//! `failure` says what can go wrong, and what of it is worth a retry; `retry` tries again. `partial` is a file that is not
//! complete, and `downloader` fills it. `command` downloads what a reader names.

pub mod command;
mod downloader;
mod failure;
mod partial;
mod retry;

pub use downloader::{Downloader, Limits, client};
pub use failure::Failure;
pub use partial::part_of;
pub use retry::{Retry, retry};
