//! The traces of `cases.md`, compared with what the Python at hand prints.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::Command;

use crate::harness::{codes, expected, section};

/// A version of Python: three numbers.
type Version = [u32; 3];

/// The versions that were seen, oldest first.
const SEEN: [Version; 4] = [[3, 11, 2], WRITTEN_ON, [3, 12, 1], [3, 13, 0]];

/// The version whose traces `cases.md` gives in full.
const WRITTEN_ON: Version = [3, 11, 7];

#[test]
fn python_prints_the_traces_of_the_cases() {
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let version = match version_of(&python) {
        Ok(version) if version >= [3, 11, 0] => version,
        Ok(version) => return skip(&format!("{python} is {version:?}, older than 3.11")),
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
        let (accepted, got) = (accepted_on(code, version), &printed[*code]);
        if !accepted.contains(got) {
            differences.push(format!(
                "{code}\n  cases.md: {accepted:?}\n  {python}: {got:?}"
            ));
        }
    }
    if version >= [3, 14, 0] && !differences.is_empty() {
        // Nobody has looked yet whether a difference in a newer Python is one of asyncio.
        return skip(&format!(
            "{python} is {version:?}, newer than the traces, and differs in {}:\n{}",
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
        .args(["-c", "import sys; print(*sys.version_info[:3])"])
        .output()
        .map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_version(text.trim(), ' ').ok_or_else(|| format!("it gives no version, but {text:?}"))
}

fn parse_version(text: &str, separator: char) -> Option<Version> {
    let numbers: Vec<u32> = text
        .split(separator)
        .map_while(|n| n.parse().ok())
        .collect();
    numbers.try_into().ok()
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

/// Gives the traces that a version may print: those of the seen ones on either side of it, or of itself.
fn accepted_on(code: &str, version: Version) -> Vec<Vec<String>> {
    let before = SEEN.iter().rfind(|seen| **seen <= version);
    let after = SEEN.iter().find(|seen| **seen >= version);
    let both = before.into_iter().chain(after);
    both.map(|seen| expected_on(code, *seen)).collect()
}

/// Gives the trace of a case on a version that was seen: the newest one stated that is not newer.
fn expected_on(code: &str, seen: Version) -> Vec<String> {
    let mut trace = expected(code);
    let mut newest = if seen < WRITTEN_ON {
        [0; 3]
    } else {
        WRITTEN_ON
    };
    for line in section(code).lines() {
        let Some((since, lines)) = line.split_once(" prints instead: `") else {
            continue;
        };
        let since = parse_version(since, '.').expect("a version");
        if newest < since && since <= seen {
            newest = since;
            let (lines, _) = lines.split_once('`').expect("a closing backtick");
            trace = lines.split(" ⏎ ").map(str::to_owned).collect();
        }
    }
    trace
}
