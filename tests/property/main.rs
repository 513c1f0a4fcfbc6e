//! Random programs do on the library, line for line, what they do on CPython.
//!
//! A program is a tree of steps, made of a seed. One interpreter runs it on the library, its twin in Python on CPython; both on a
//! virtual clock, until nothing is left that could go on, so a deadlock is part of the trace. Left out is what CPython promises no
//! order for: equal timers, `as_completed`'s set. The twin keeps a group's tasks in order and has `wait_for` in the form of 3.12.
//!
//! `PROPERTY_SEEDS=5000 cargo test --test property` runs more programs; `PROPERTY_SEED=17` runs one, and prints it.

mod interpreter;
mod program;

use std::env;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use interpreter::run;
use program::{BARRIERS, Body, EVENTS, LOCKS, PROMISES, QUEUES, SEMAPHORES, Topic, json, make};

/// How many programs run if nothing else is asked for.
const SEEDS: u64 = 600;

/// A version of Python: three numbers.
type Version = [u32; 3];

/// The oldest Python that has task groups, timeouts and barriers.
const OLDEST: Version = [3, 11, 0];

/// The first Python that these programs were not compared with.
const UNKNOWN: Version = [3, 14, 0];

/// Lists what other versions do otherwise than 3.11.7, which the library follows.
fn differing_topics(version: Version) -> Vec<Topic> {
    let mut topics = Vec::new();
    if version < [3, 11, 3] {
        // A timeout that strikes while another cancellation is under way came out as a cancellation.
        topics.push(Topic::Timeouts);
    }
    if version >= [3, 12, 0] {
        // What is done already is gathered at once, not in the next pass.
        topics.push(Topic::Gather);
    }
    if version > [3, 12, 1] {
        // In 3.13.0, a cancellation from outside outlives the errors of a group, and a semaphore or a barrier that is left
        // wakes others in its stead.
        topics.extend([Topic::Groups, Topic::Semaphores, Topic::Barriers]);
    }
    topics
}

fn variable(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {value}")),
    )
}

fn programs(without: &[Topic]) -> Vec<(u64, Body)> {
    let seeds = match variable("PROPERTY_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..variable("PROPERTY_SEEDS").unwrap_or(SEEDS),
    };
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
        assert_eq!(record.put, record.got, "seed {seed}: {}", json(program));
    }
    assert!(
        items > 0 || programs.len() == 1,
        "no program has put anything"
    );
}

#[test]
fn programs_do_what_they_do_on_cpython() {
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let version = match version_of(&python) {
        Ok(version) if version >= OLDEST => version,
        Ok(version) => return skip(&format!("{python} is {version:?}, older than 3.11")),
        Err(why) => return skip(&format!("{python} does not run: {why}")),
    };
    let programs = programs(&differing_topics(version));
    let printed = run_on_python(&python, &programs);
    let mut lines = 0;
    let mut differing = Vec::new();
    for ((seed, program), theirs) in programs.iter().zip(&printed) {
        let ours = run(program).lines;
        lines += ours.len();
        if ours != *theirs {
            differing.push(format!(
                "seed {seed}: {}\n{}",
                json(program),
                difference(&ours, theirs)
            ));
        }
    }
    let (count, differences) = (differing.len(), differing.join("\n"));
    if version >= UNKNOWN && count > 0 {
        // Nobody has looked yet whether a difference in a newer Python is one of asyncio.
        return skip(&format!(
            "{python} is {version:?}; {count} programs differ:\n{differences}"
        ));
    }
    assert_eq!(
        count, 0,
        "{count} programs differ from {python}:\n{differences}"
    );
    if programs.len() == 1 {
        println!("{}\n{}", json(&programs[0].1), printed[0].join("\n"));
    }
    println!(
        "{} programs, {lines} lines, the same on {python}",
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
    let numbers: Option<Vec<u32>> = text.split_whitespace().map(|n| n.parse().ok()).collect();
    numbers
        .and_then(|numbers| numbers.try_into().ok())
        .ok_or_else(|| format!("it gives no version, but {text:?}"))
}

/// Runs all programs in one Python, and gives the lines of each.
fn run_on_python(python: &str, programs: &[(u64, Body)]) -> Vec<Vec<String>> {
    let interpreter = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/property/interpreter.py");
    let things =
        format!("[{QUEUES:?}, {LOCKS}, {SEMAPHORES:?}, {EVENTS}, {BARRIERS:?}, {PROMISES}]");
    let mut child = Command::new(python)
        .arg("-B")
        .arg(interpreter)
        .arg(things)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it ran just now");
    let mut input = child.stdin.take().expect("a pipe");
    let texts: Vec<_> = programs.iter().map(|(_, program)| json(program)).collect();
    // From a thread of its own: the programs and the answers are longer than a pipe.
    let writer = std::thread::spawn(move || {
        for text in texts {
            // If Python has ended early, its status says so.
            let _ = writeln!(input, "{text}");
        }
    });
    let output = child.wait_with_output().expect("the child is ours");
    writer.join().expect("writing does not panic");
    assert!(
        output.status.success(),
        "interpreter.py failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("the traces are ASCII");
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
