//! Random programs do on the library, line for line, what they do on CPython.
//!
//! A program is a tree of steps, made of a seed. One interpreter runs it on the library, its twin in Python on CPython; both on a
//! virtual clock, until nothing is left that could go on, so a deadlock is part of the trace, or as `asyncio.run` does. Left out is
//! what CPython promises no order for: equal timers, and what `as_completed` finds or starts at one time, for it keeps a set. The twin
//! keeps a group's tasks in order, cancels what `asyncio.run` leaves over in order, and has `wait_for` in the form of 3.12.
//! Left out, too, are threads, and with them `run_in_executor`: Pyodide has none.
//!
//! `PROPERTY_SEEDS=5000 cargo test --test property` runs more programs, `PROPERTY_FROM=17` those from a seed on, and
//! `PROPERTY_SEED=17` runs one and prints it.

mod interpreter;
mod program;
#[path = "../python/mod.rs"]
mod python;

use std::env;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use interpreter::run;
use program::{
    BARRIERS, EVENTS, LOCKS, PROMISES, Program, QUEUES, SEMAPHORES, Topic, make,
    program_as_json as json,
};
use python::{Python, Version, pythons, skip};

/// How many programs run if nothing else is asked for.
const SEEDS: u64 = 600;

/// How many programs one Python runs: it keeps what is left of each to its end.
const AT_ONCE: usize = 2_000;

/// Where the seeds of today begin.
static FROM_TODAY: LazyLock<u64> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs() / 86_400 * 1_000_000)
});

/// Lists what older versions do otherwise than the one that the library follows.
fn differing_topics(version: Version) -> Vec<Topic> {
    let mut topics = Vec::new();
    if version < [3, 11, 3] {
        // A timeout that strikes while another cancellation is under way came out as a cancellation.
        topics.push(Topic::Timeouts);
    }
    if version < [3, 12, 0] {
        // What is done already was gathered in the next pass, not at once.
        topics.extend([Topic::Gather, Topic::Gathers]);
    }
    if version < [3, 13, 0] {
        // A cancellation from outside did not outlive the errors of a group, and a semaphore or a barrier that was left
        // woke nobody in its stead.
        topics.extend([Topic::Groups, Topic::Semaphores, Topic::Barriers]);
        // Who left a condition after a notification did not hand it on, and a cancellation that was taken back arrived even so.
        topics.extend([Topic::Conditions, Topic::Counts]);
        // No queue could be shut down.
        topics.push(Topic::ShutDown);
    }
    topics
}

/// Tells whether a line is compared.
fn is_compared(line: &str) -> bool {
    // Before 3.14 a failure behind a shield that was cancelled was reported to nobody. Left out for all: CPython reports it once
    // where several shields of one promise were cancelled, the library once for each.
    !line.contains("loop shielded failed")
}

fn variable(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {value}")),
    )
}

fn programs(without: &[Topic]) -> Vec<(u64, Program)> {
    let count = variable("PROPERTY_SEEDS").unwrap_or(SEEDS);
    let seeds = match (variable("PROPERTY_SEED"), variable("PROPERTY_FROM")) {
        (Some(seed), _) => seed..seed + 1,
        (None, Some(from)) => from..from + count,
        // Other programs every day, the same for all tests of a process.
        (None, None) => *FROM_TODAY..*FROM_TODAY + count,
    };
    println!(
        "seeds {seeds:?}; PROPERTY_FROM={} repeats them",
        seeds.start
    );
    seeds.map(|seed| (seed, make(seed, without))).collect()
}

#[test]
fn a_program_gives_the_same_trace_twice() {
    for (seed, program) in programs(&[]) {
        assert_eq!(
            run(&program),
            run(&program),
            "seed {seed}: {}",
            json(&program)
        );
    }
}

#[test]
fn no_item_is_lost_and_none_comes_out_twice() {
    let programs = programs(&[]);
    let mut items = 0;
    for (seed, program) in &programs {
        let mut record = run(program);
        items += record.put.len();
        record.put.sort_unstable();
        record.got.sort_unstable();
        let left = record.got.len() + record.dropped;
        assert_eq!(record.put.len(), left, "seed {seed}: {}", json(program));
        // The items of a program differ, so those that came out and are among those that were put came out once.
        record
            .put
            .retain(|item| record.got.binary_search(item).is_ok());
        assert_eq!(record.put, record.got, "seed {seed}: {}", json(program));
    }
    assert!(
        items > 0 || programs.len() == 1,
        "no program has put anything"
    );
}

#[test]
fn programs_do_what_they_do_on_cpython() {
    for python in pythons() {
        match python {
            Ok(python) => compare(&python),
            Err(why) => skip(&why),
        }
    }
}

fn compare(python: &Python) {
    let programs = programs(&differing_topics(python.version));
    let (mut lines, mut differing) = (0, Vec::new());
    for programs in programs.chunks(AT_ONCE) {
        let printed = run_on_python(python, programs);
        for ((seed, program), theirs) in programs.iter().zip(&printed) {
            let mut ours = run(program).lines;
            let mut theirs = theirs.clone();
            ours.retain(|line| is_compared(line));
            theirs.retain(|line| is_compared(line));
            lines += ours.len();
            if ours != theirs {
                let difference = difference(&ours, &theirs);
                differing.push(format!("seed {seed}: {}\n{difference}", json(program)));
            }
        }
        if let ([(_, program)], [printed]) = (programs, &printed[..]) {
            println!("{}\n{}", json(program), printed.join("\n"));
        }
    }
    let (name, version) = (&python.name, python.version);
    assert!(
        differing.is_empty(),
        "{} programs differ from {name} {version:?}; PROPERTY_SEED=N runs one alone:\n{}",
        differing.len(),
        differing.join("\n")
    );
    println!(
        "{} programs, {lines} lines, the same on {name} {version:?}",
        programs.len()
    );
}

/// Shows where two traces part.
fn difference(ours: &[String], theirs: &[String]) -> String {
    let same = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(6);
    let part = |lines: &[String]| {
        let end = lines.len().min(same + 4);
        lines[from.min(end)..end].join("\n    ")
    };
    format!(
        "  here:\n    {}\n  CPython:\n    {}",
        part(ours),
        part(theirs)
    )
}

/// Runs all programs in one Python, and gives the lines of each.
fn run_on_python(python: &Python, programs: &[(u64, Program)]) -> Vec<Vec<String>> {
    let things =
        format!("[{QUEUES:?}, {LOCKS}, {SEMAPHORES:?}, {EVENTS}, {BARRIERS:?}, {PROMISES}]");
    let texts: Vec<_> = programs.iter().map(|(_, program)| json(program)).collect();
    let text = python.run(
        "property/interpreter.py",
        &[&things],
        &(texts.join("\n") + "\n"),
    );
    let mut traces = vec![Vec::new()];
    for line in text.lines() {
        match line {
            "==" => traces.push(Vec::new()),
            line => traces
                .last_mut()
                .expect("never empty")
                .push(line.to_owned()),
        }
    }
    assert_eq!(traces.pop(), Some(Vec::new()), "the last trace is cut off");
    assert_eq!(traces.len(), programs.len());
    traces
}
