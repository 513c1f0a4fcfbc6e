//! The head of the table: where, when and with what it was measured.

use std::fmt::Write;
use std::time::SystemTime;

use crate::Columns;

/// Names the processor, where the operating system tells.
fn processor() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("model name"))
                .map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// Gives today's date in UTC; the civil calendar from days, after Howard Hinnant's `civil_from_days`.
fn date() -> String {
    let seconds = SystemTime::UNIX_EPOCH
        .elapsed()
        .map_or(0, |since| since.as_secs());
    let days = seconds / 86_400 + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

/// Says in a line where, when and with what it was measured.
pub fn describe(columns: &Columns) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!("{}, {cores} × {}, ", date(), processor());
    let _ = write!(text, "{}, {}", std::env::consts::OS, rustc());
    let _ = write!(
        text,
        ", Tokio {}, smol {}",
        env!("BENCH_TOKIO"),
        env!("BENCH_SMOL")
    );
    // The second one's words name both.
    let pythons = [&columns.uvloop, &columns.asyncio];
    if let Some(python) = pythons.into_iter().flatten().next() {
        let _ = write!(text, ", {}", python.versions);
    }
    text
}

/// Names the compiler without its commit.
fn rustc() -> &'static str {
    let version = env!("BENCH_RUSTC");
    version.split(" (").next().unwrap_or(version)
}
