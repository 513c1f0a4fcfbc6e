//! The program behind `cargo run`: it builds, serves and checks the book.
//!
//! Read [`cli`] for what it can do, [`book`] and [`serve`] for how the page comes about, [`run`] for how a reader runs programs on the page, [`programs`] for how all programs are compiled and the book's compared with what it says, [`supervisor`] for how they run under limits, and [`exercises`] for how a reader's own are checked.
//!
//! There is one way to compile a program, one to run it, and one folder for what was compiled.
//! From the Run button to the output it leads through these files; what is left of a double line is another process than what is right of it:
//!
//! ```text
//!  the page              ║ the server                                 ║ a supervisor  ║ the program
//!                        ║                                            ║               ║
//!  book/theme/run.js     ║                                            ║               ║
//!    │ POST /run ────────╫─► run/routes.rs                            ║               ║
//!    │                   ║     │ code                                 ║               ║
//!    │                   ║     ▼                                      ║               ║
//!    │                   ║   run/mod.rs ──► programs/compile.rs       ║               ║
//!    │                   ║     │   ▲ file     │        │ in           ║               ║
//!    │                   ║     │   └──────────┤        ▼              ║               ║
//!    │                   ║     │              │  programs/cache.rs    ║               ║
//!    │                   ║     │ Job: it      │ Job: rustc            ║               ║
//!    │                   ║     ▼              ▼                       ║ supervisor/   ║ supervisor/
//!    │                   ║   supervisor/mod.rs ── lines of JSON ──────╫─ supervise.rs ╫─► exec.rs
//!    ▼                   ║     │                                      ║    │          ║     ▼
//!  Output, Timeline, ◄───╫─────┴──────────── Event: Output, End ◄─────╫────┘ ◄─ pipes ╫─ what it prints
//!  Done                  ║                                            ║               ║
//! ```
//!
//! Beside the way, `run/guard.rs` lets a request through or refuses it, `programs/bundle.rs` has the shared libraries that programs are linked with, `supervisor/limits.rs` and `family.rs` say what a run may use and which processes belong to it, and `run/timeline.rs` draws what a program has recorded.
//! The exercises and the book's tests come to `programs/compile.rs` and `supervisor/mod.rs` without a page.

pub mod api;
pub mod book;
pub mod cli;
pub mod exercises;
pub mod new;
mod pages;
pub mod programs;
pub mod reload;
mod rename;
pub mod run;
pub mod serve;
pub mod supervisor;
pub mod watch;
