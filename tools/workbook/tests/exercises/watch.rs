//! Watching, as a reader sees it who types and saves.

use std::fs;
use std::io::Write;
use std::process::{Child, Stdio};

use libtest_mimic::{Failed, Trial};

use crate::copy::Copy;
use crate::lines::{DEADLINE, lines, wait_for};

pub fn trials() -> Vec<Trial> {
    vec![Trial::test("watch goes on when an exercise is solved", watch_goes_on)]
}

/// A program that ends with the value.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn watch_goes_on() -> Result<(), Failed> {
    let copy = Copy::of_model();
    let mut command = copy.command(&["watch"]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut watching = Watching(child);
    let lines = lines(watching.0.stdout.take().expect("a pipe"));
    let mut input = watching.0.stdin.take().expect("a pipe");
    let mut say = |line: &str| writeln!(input, "{line}").expect("it listens");

    wait_for(&lines, "A limit around a group (predict");
    wait_for(&lines, "type the letter of your answer");
    say("c");
    wait_for(&lines, "the clean-up would run behind its back");
    say("h");
    wait_for(&lines, "hint 1 of 2");
    say("b");
    wait_for(&lines, "late_tea is solved");

    wait_for(&lines, "A list of calls is not a crowd (repair");
    wait_for(&lines, "FAILED: all three stations");
    wait_for(&lines, "type h for a hint");
    copy.solve("one_by_one");
    wait_for(&lines, "one_by_one is solved");

    wait_for(&lines, "The order that nobody served (repair");
    wait_for(&lines, "type h for a hint");
    say("n");
    wait_for(&lines, "The first mirror wins (build");
    wait_for(&lines, "type h for a hint");
    // As editors save: another file takes the place of the old one.
    copy.write("work/gather_wait/saved", &copy.read("exercises/gather_wait/first_answer/solution.rs"));
    fs::rename(copy.file("work/gather_wait/saved"), copy.file("work/gather_wait/first_answer.rs")).expect("a new name");
    wait_for(&lines, "first_answer is solved");
    wait_for(&lines, "All teas, or none (build");
    say("q");
    let ended = wait_timeout::ChildExt::wait_timeout(&mut watching.0, DEADLINE);
    assert!(ended.expect("a child").expect("an end").success());
    Ok(())
}
