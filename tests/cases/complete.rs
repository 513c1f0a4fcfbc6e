//! Holds `cases.md` and the tests of this folder to one another.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::harness::{codes, section};

/// Reads the sources of the tests in this folder, one text for all.
fn sources() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut all = String::new();
    for entry in fs::read_dir(folder).expect("the folder of this file") {
        let path = entry.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            all += &fs::read_to_string(path).expect("a source file");
        }
    }
    all
}

/// Finds the codes that tests compare a trace with: the first argument of `expect` and `expect_instead`.
fn tested(sources: &str) -> BTreeSet<&str> {
    let mut codes = BTreeSet::new();
    for method in ["expect", "expect_instead"] {
        let call = format!("trace.{method}(");
        for (at, _) in sources.match_indices(&call) {
            let argument = sources[at + call.len()..].trim_start();
            if let Some(quoted) = argument.strip_prefix('"') {
                codes.insert(quoted.split('"').next().expect("the closing quote"));
            }
        }
    }
    codes
}

#[test]
fn every_case_that_rust_can_express_is_tested() {
    let sources = sources();
    let mut tested = tested(&sources);
    let mut missing = Vec::new();
    let (mut full, mut adapted, mut inexpressible) = (0, 0, 0);
    for code in codes() {
        let section = section(code);
        let mark = section.split_whitespace().next().expect("a mark");
        match mark {
            "FULL" => full += 1,
            "ADAPT" => adapted += 1,
            "NO" => {
                inexpressible += 1;
                assert!(
                    section.contains("\nRust: "),
                    "{code} is NO without a reason"
                );
                assert!(!tested.contains(code), "{code} is marked NO and yet tested");
                continue;
            }
            other => panic!("{code} has the unknown mark {other}"),
        }
        let name = format!("fn {}_", code.to_lowercase());
        if !tested.remove(code) || !sources.contains(&name) {
            missing.push(code);
        }
    }
    assert!(
        missing.is_empty(),
        "no test is named after these and compares their traces: {missing:?}"
    );
    assert!(tested.is_empty(), "cases.md does not have {tested:?}");
    let unfinished = codes()
        .into_iter()
        .find(|code| section(code).contains("TODO"));
    assert_eq!(unfinished, None, "something is still TODO");
    let all = full + adapted + inexpressible;
    println!(
        "{all} cases: {full} as they stand, {adapted} adapted, {inexpressible} that Rust cannot express"
    );
}
