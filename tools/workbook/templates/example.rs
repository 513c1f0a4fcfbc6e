//! {{title}}.
//!
//! Run it with `cargo run --example {{slug}}`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `{{slug}}.py`, prints.

mod support;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Result, get_running_loop, sleep};
use support::{Part, seconds};

fn main() -> ExitCode {
    support::run(
        "{{title}}.",
        &[Part {
            name: "first",
            about: "waits for a second",
            run: |event_loop| event_loop.run(first()),
        }],
    )
}

// ANCHOR: first
async fn first() -> Result<()> {
    sleep(Duration::from_secs(1)).await?;
    println!("now {}", seconds(get_running_loop()?.time()));
    Ok(())
}
// ANCHOR_END: first
