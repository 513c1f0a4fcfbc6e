//! The frame of a check program: its limit on time, its report, and its exit status.

use std::env;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use serde_json::json;

use crate::run::panicked;
use crate::{Check, Checks};

/// Names the variable that says where to read; it is printed with every failed check.
pub const READ_VARIABLE: &str = "EXERCISE_READ";

/// Names the variable that says after how many seconds a program that hangs is stopped; otherwise it is ten.
pub const LIMIT_VARIABLE: &str = "EXERCISE_SECONDS";

/// Makes the checks, prints the report, and gives the exit status: 0 if all passed, 1 if one failed.
///
/// The last line of the report is JSON: `{"passed": …, "checks": [{"id", "claim", "passed", "expected", "seen"}, …]}`.
pub fn program(make: impl FnOnce(&mut Checks)) -> ExitCode {
    let mut checks = Checks::new();
    watch(checks.clone());
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| make(&mut checks))) {
        checks.broken_off(panicked(&*panic));
    }
    if report(&checks.done()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Ends the process with a report if it takes too long: a loop without an await cannot be stopped from within.
fn watch(mut checks: Checks) {
    let limit = env::var(LIMIT_VARIABLE)
        .ok()
        .and_then(|limit| limit.parse().ok())
        .map_or(Duration::from_secs(10), Duration::from_secs);
    thread::spawn(move || {
        thread::sleep(limit);
        checks.broken_off(format!(
            "it was still running after {} s and was stopped: it blocks, or loops without an await that waits",
            limit.as_secs()
        ));
        report(&checks.done());
        process::exit(1);
    });
}

/// Prints the checks for people and for programs, and tells whether all passed.
fn report(checks: &[Check]) -> bool {
    let read = env::var(READ_VARIABLE).unwrap_or_default();
    let mut text = String::new();
    for check in checks {
        match &check.failure {
            None => text += &format!("passed: {}\n", check.claim),
            Some((expected, seen)) => {
                text += &format!("FAILED: {}\n", check.claim);
                text += &format!("        expected: {expected}\n");
                text += &format!("        seen:     {seen}\n");
                if !read.is_empty() {
                    text += &format!("        read:     {read}\n");
                }
            }
        }
    }
    let passed = !checks.is_empty() && checks.iter().all(|check| check.failure.is_none());
    let list: Vec<_> = checks
        .iter()
        .map(|check| {
            let (expected, seen) = match &check.failure {
                Some((expected, seen)) => (Some(expected), Some(seen)),
                None => (None, None),
            };
            json!({
                "id": check.id, "claim": check.claim, "passed": check.failure.is_none(),
                "expected": expected, "seen": seen,
            })
        })
        .collect();
    text += &format!("{}\n", json!({ "passed": passed, "checks": list }));
    // Nobody reads any more if this fails, and the exit status says the rest.
    let _ = io::stdout().write_all(text.as_bytes());
    passed
}
