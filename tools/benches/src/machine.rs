//! The head of the table: where, when and with what it was measured.

use std::fs;

use crate::engine::Engine;

/// Names the processor, where the operating system tells.
fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let (_, rest) = text.split_once("model name\t: ")?;
    Some(rest.lines().next()?.to_owned())
}

/// Says in a line where, when and with what it was measured.
pub fn describe(engines: &[Option<Engine>]) -> String {
    let date = chrono::Utc::now().date_naive();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let system = std::env::consts::OS;
    // The compiler without its commit.
    let rustc = env!("BENCH_RUSTC").split(" (").next().unwrap_or_default();
    let (tokio, smol) = (env!("BENCH_TOKIO"), env!("BENCH_SMOL"));
    // The last one's words name both.
    let python = engines.iter().rev().find_map(|engine| match engine {
        Some(Engine::Python(python)) => Some(format!(", {}", python.versions)),
        _ => None,
    });
    let python = python.unwrap_or_default();
    format!("{date}, {cores} × {processor}, {system}, {rustc}, Tokio {tokio}, smol {smol}{python}")
}
