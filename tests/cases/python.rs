//! The traces of `cases.md`, compared with what the Python at hand prints.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::Command;

use crate::harness::{codes, expected, section};

/// A version of Python: the major and the minor number.
type Version = (u32, u32);

/// The versions on which the traces were taken.
const OLDEST: Version = (3, 11);
const NEWEST: Version = (3, 13);

#[test]
fn python_prints_the_traces_of_the_cases() {
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let version = match version_of(&python) {
        Ok(version) if version >= OLDEST => version,
        Ok((major, minor)) => {
            return skip(&format!("{python} is {major}.{minor}, older than 3.11"));
        }
        Err(why) => return skip(&format!("{python} does not run: {why}")),
    };
    let printed = run_all(&python);
    let codes = codes();
    let missing: Vec<_> = codes
        .iter()
        .filter(|code| !printed.contains_key(**code))
        .collect();
    assert!(missing.is_empty(), "no program in cases_py: {missing:?}");
    let unknown: Vec<_> = printed
        .keys()
        .filter(|code| !codes.contains(&code.as_str()))
        .collect();
    assert!(unknown.is_empty(), "programs without a case: {unknown:?}");

    let mut differences = Vec::new();
    for code in &codes {
        let (wanted, got) = (expected_on(code, version), &printed[*code]);
        if wanted != *got {
            differences.push(format!(
                "{code}\n  cases.md: {wanted:?}\n  {python}: {got:?}"
            ));
        }
    }
    if version > NEWEST && !differences.is_empty() {
        // Nobody has looked yet whether a difference in a newer Python is one of asyncio.
        let (major, minor) = version;
        return skip(&format!(
            "{python} is {major}.{minor}, newer than the traces, and differs in {}:\n{}",
            differences.len(),
            differences.join("\n")
        ));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    println!("{} cases print in {python} what cases.md says", codes.len());
}

/// Counts the test as skipped, unless everything must run.
#[track_caller]
fn skip(why: &str) {
    println!("skipped: {why}");
    let all_required = env::var("WORKBOOK_REQUIRE_ALL").is_ok_and(|value| value == "1");
    assert!(
        !all_required,
        "WORKBOOK_REQUIRE_ALL=1 allows no skipping: {why}"
    );
}

fn version_of(python: &str) -> Result<Version, String> {
    let output = Command::new(python)
        .args(["-c", "import sys; print(*sys.version_info[:2])"])
        .output()
        .map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => Err(format!("it gives no version, but {text:?}")),
    }
}

/// Runs every program of `cases_py` and gives the lines that each one prints.
fn run_all(python: &str) -> BTreeMap<String, Vec<String>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cases_py/run.py");
    let output = Command::new(python)
        .arg("-B")
        .arg(program)
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .expect("it ran just now");
    assert!(
        output.status.success(),
        "run.py failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut printed = BTreeMap::new();
    let mut lines: Option<&mut Vec<String>> = None;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some(code) = line.strip_prefix("## ") {
            lines = Some(printed.entry(code.to_owned()).or_default());
        } else {
            let said = line
                .strip_prefix("| ")
                .unwrap_or_else(|| panic!("odd line {line:?}"));
            lines.as_mut().expect("a case").push(said.to_owned());
        }
    }
    printed
}

/// Gives the trace of a case on that version: the newest one that is not newer than it.
fn expected_on(code: &str, version: Version) -> Vec<String> {
    let mut trace = expected(code);
    let mut newest = OLDEST;
    for line in section(code).lines() {
        let Some((since, lines)) = line.split_once(" prints instead: `") else {
            continue;
        };
        let mut numbers = since.split('.').map(|n| n.parse().expect("a version"));
        let since = (
            numbers.next().expect("major"),
            numbers.next().expect("minor"),
        );
        if since > newest && since <= version {
            newest = since;
            let lines = lines
                .trim_end()
                .strip_suffix('`')
                .expect("a closing backtick");
            trace = lines.split(" ⏎ ").map(str::to_owned).collect();
        }
    }
    trace
}
