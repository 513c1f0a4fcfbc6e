//! The program behind `cargo run`: it builds, serves and checks the book.
//!
//! Read [`cli`] for what it can do, [`book`] and [`serve`] for how the page comes about, [`run`] for how a reader runs programs on the page, [`programs`] for how all programs are compiled and the book's compared with what it says, [`supervisor`] for how they run under limits, and [`exercises`] for how a reader's own are checked.
//!
//! There is one way to compile a program, one to run it, and one folder for what was compiled.
//! From the Run button to the output it leads through eight files:
//!
//! ```text
//!  book/theme/run.js          the page: POST /run with the code
//!    │      ▲
//!    ▼      │ Output, Timeline, Done: a line of JSON each
//!  run/routes.rs              hears what the page wants, and answers line by line
//!    │      ▲
//!    ▼      │
//!  run/mod.rs                 has it compiled and run, one program at a time
//!    │  │   ▲
//!    │  ▼   │ Compiled: the executable, what the compiler said
//!    │  programs/compile.rs   says how, finds it or has it made ◄──► programs/cache.rs
//!    │  │   ▲
//!    ▼  ▼   │
//!  supervisor/mod.rs          the server's end of a supervisor
//! ═══╪══════╪═══════════════  between processes: a Job, then Events, a line of JSON each
//!    ▼      │
//!  supervisor/supervise.rs    starts it, reads what it prints, enforces its limits, kills what is left
//! ═══╪══════╪═══════════════  between processes: arguments and environment, then pipes
//!    ▼      │
//!  supervisor/exec.rs         takes the limits, and becomes the program, or rustc
//! ```
//!
//! Beside the way, `run/guard.rs` lets a request through or refuses it, by the addresses of `run/origin.rs`, `programs/bundle.rs` has the shared libraries that programs are linked with, `programs/python.rs` finds the Python that runs what needs no compiler, `supervisor/limits.rs` and `family.rs` say what a run may use and which processes belong to it, `supervisor/group.rs` has the kernel limit them, too, where it can, and `run/timeline.rs` draws what a program has recorded.
//! The exercises of the page come to both by `exercises/queue.rs`; those of the terminal and the book's tests come to `programs/compile.rs` and `supervisor/mod.rs` without a page.

pub mod api;
pub mod book;
pub mod cli;
pub mod exercises;
pub mod minutes;
pub mod new;
mod pages;
pub mod preprocess;
pub mod programs;
pub mod reload;
mod rename;
pub mod run;
pub mod serve;
pub mod supervisor;
pub mod watch;
