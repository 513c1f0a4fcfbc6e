//! Writes the traces of the book again: `cargo run -p asyncio-trace --bin record`.
//!
//! It runs every program of `tools/trace/src/scenarios/` and writes `book/traces/SLUG-NAME.json` and `book/figures/SLUG-NAME.html`. A test
//! compares the files with what the programs do today.

use std::path::Path;

use asyncio::Result;
use asyncio_trace::scenarios::SCENARIOS;

fn main() -> Result<()> {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book");
    let (traces, figures) = (book.join("traces"), book.join("figures"));
    std::fs::create_dir_all(&traces)?;
    std::fs::create_dir_all(&figures)?;
    for scenario in SCENARIOS {
        let trace = scenario.record()?;
        let name = scenario.name;
        std::fs::write(traces.join(format!("{name}.json")), trace.to_json())?;
        std::fs::write(
            figures.join(format!("{name}.html")),
            scenario.figure(&trace),
        )?;
        println!("{}\n{}", scenario.name, trace.timeline(100));
    }
    Ok(())
}
