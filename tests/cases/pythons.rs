//! The traces of `cases.md`, compared with what the Python at hand prints.

use std::collections::BTreeMap;

use crate::harness::{SEEN, codes, expected_on, section};
use crate::python::{Python, Version, pythons, skip};

#[test]
fn python_prints_the_traces_of_the_cases() {
    for python in pythons() {
        match python {
            Ok(python) => compare(&python),
            Err(why) => skip(&why),
        }
    }
}

fn compare(python: &Python) {
    let (name, version) = (&python.name, python.version);
    let printed = run_all(python);
    let codes = codes();
    let missing: Vec<_> = codes
        .iter()
        .filter(|code| !printed.contains_key(**code))
        .collect();
    // Where there are no sockets, there are no threads, nor a clock of its own to wait for.
    let may_be_missing = |code: &&&str| !python.has_sockets && is_in_real_time(code);
    assert!(
        missing.iter().all(may_be_missing),
        "{name} prints nothing for {missing:?}"
    );
    let unknown: Vec<_> = printed
        .keys()
        .filter(|code| !codes.contains(&code.as_str()))
        .collect();
    assert!(unknown.is_empty(), "programs without a case: {unknown:?}");
    let mut differences = Vec::new();
    for (code, got) in &printed {
        let accepted = accepted_on(code, version);
        if !accepted.contains(got) {
            differences.push(format!(
                "{code}\n  cases.md: {accepted:?}\n  {name}: {got:?}"
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    println!(
        "{} cases print in {name} {version:?} what cases.md says",
        printed.len()
    );
}

/// Runs every program of `cases_py` and gives the lines that each one prints.
fn run_all(python: &Python) -> BTreeMap<String, Vec<String>> {
    let text = python.run("cases/cases_py/run.py", &[], "");
    let mut printed = BTreeMap::new();
    let mut lines: Option<&mut Vec<String>> = None;
    for line in text.lines() {
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

/// Tells whether a case needs threads and so the real clock.
fn is_in_real_time(code: &str) -> bool {
    let mark = section(code).lines().next();
    mark.is_some_and(|mark| mark.ends_with(" · real time"))
}

/// Gives the traces that a version may print: those of the seen ones on either side of it, or of itself.
fn accepted_on(code: &str, version: Version) -> Vec<Vec<String>> {
    let before = SEEN.iter().rfind(|seen| **seen <= version);
    let after = SEEN.iter().find(|seen| **seen >= version);
    let both = before.into_iter().chain(after);
    both.map(|seen| expected_on(code, *seen)).collect()
}
