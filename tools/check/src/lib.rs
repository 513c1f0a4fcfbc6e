//! What the exercises are checked with: tools that look at concurrency itself.
//!
//! A reader's program says what happens in it with [`note`] and [`enter`], and plays a blocking call with [`block`].
//! The checks run it with [`Checks::on_loop`] on the workbook's own loop, or with [`Checks::on_tokio`] on Tokio, both on a virtual clock, and then look at the [`Run`]: how long it took, what overlapped, what was left behind.
//! [`FakeRedis`] plays a server for the exercises on jobs, and [`with_site`] plays the network around a server of HTTP.
//!
//! A check program is a `main` that calls [`program`]:
//!
//! ```no_run
//! use std::process::ExitCode;
//! use std::time::Duration;
//!
//! fn main() -> ExitCode {
//!     check::program(|checks| {
//!         let run = checks.on_loop(async { Ok(6 * 7) });
//!         checks.value("answer", "the answer is right", &run, &42);
//!         checks.elapsed("time", "no time passes", &run, Duration::ZERO);
//!     })
//! }
//! ```

mod checks;
mod program;
mod record;
mod redis;
mod run;
mod site;

pub use checks::{Check, Checks};
pub use program::{LIMIT_VARIABLE, READ_VARIABLE, program};
pub use record::{Visit, block, enter, note};
pub use redis::{Data, End, FakeRedis, killed_after};
pub use run::{BLOCKED_FROM, ENDS, Run};
pub use site::{Answer, Site, with_site};
