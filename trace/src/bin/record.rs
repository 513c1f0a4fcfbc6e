//! Writes the traces of the book again: `cargo run -p asyncio-trace --bin record`.
//!
//! It runs every program of `trace/src/scenarios/` and writes `book/traces/SLUG-NAME.json`. A test compares the files with what the
//! programs do today.

use std::path::Path;

use asyncio::Result;
use asyncio_trace::scenarios::SCENARIOS;

fn main() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../book/traces");
    std::fs::create_dir_all(&folder)?;
    for scenario in SCENARIOS {
        let trace = scenario.record()?;
        std::fs::write(
            folder.join(format!("{}.json", scenario.name)),
            trace.to_json(),
        )?;
        println!("{}\n{}", scenario.name, trace.timeline(100));
    }
    Ok(())
}
