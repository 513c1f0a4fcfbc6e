//! The commands as a reader types them, on a copy of the exercises.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::copy::Copy;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(120);

const MINE: &str = "gather_wait/one_by_one.rs";

pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("commands {name}"), move || -> Result<(), Failed> {
            test();
            Ok(())
        })
    };
    vec![
        trial("list and solve", list_and_solve),
        trial(
            "errors name the reader's file",
            errors_name_the_readers_file,
        ),
        trial("what hangs is stopped", what_hangs_is_stopped),
        trial("a panic is no hang", a_panic_is_reported),
        trial("hints come one by one", hints_come_one_by_one),
        trial("reset loses nothing", reset_loses_nothing),
        trial(
            "a solution must be asked for twice",
            a_solution_must_be_asked_for_twice,
        ),
        trial("answers are judged", answers_are_judged),
        trial("unknown names", unknown_names_are_answered_with_the_nearest),
        trial("watch goes on when an exercise is solved", watch_goes_on),
    ]
}

#[track_caller]
fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("`{part}` should come next in: {text}");
        };
        rest = after;
    }
}

fn exercise(copy: &Copy, name: &str) -> Value {
    let progress: Value =
        serde_json::from_str(&copy.stdout(&["progress", "--json"])).expect("JSON");
    let chapters = progress["chapters"].as_array().expect("chapters");
    let mut all = chapters
        .iter()
        .flat_map(|chapter| chapter["exercises"].as_array().expect("a list"));
    all.find(|exercise| exercise["name"] == name)
        .expect("the exercise")
        .clone()
}

fn list_and_solve() {
    let copy = Copy::new();
    let list = copy.stdout(&["exercises"]);
    assert_in_order(
        &list,
        &[
            "Gather and wait [--------------------] 0/5",
            "[ ] one_by_one",
            "next: late_tea",
        ],
    );
    assert_eq!(
        copy.read(MINE),
        copy.read("starters/gather_wait/one_by_one.rs")
    );

    let failed = copy.refusal(&["check", "one_by_one"]);
    assert_in_order(
        &failed,
        &[
            "passed: the answers are listed",
            "FAILED: all three stations are asked at the same time",
            "expected: 3 at the same time",
            "seen:     1",
            "read:     book/src/gather_wait.md#the-python-you-know",
            "error: one_by_one is not solved yet",
        ],
    );
    let seen = exercise(&copy, "one_by_one");
    assert_eq!(
        (&seen["state"], &seen["attempts"]),
        (&"started".into(), &1.into())
    );
    assert_eq!(seen["solved_at"], Value::Null);

    copy.solve("one_by_one");
    let passed = copy.stdout(&["check", "one_by_one"]);
    assert_in_order(
        &passed,
        &[
            "one_by_one is solved",
            "A future does nothing until somebody polls it",
            "next: late_tea",
        ],
    );
    let seen = exercise(&copy, "one_by_one");
    assert_eq!(
        (&seen["state"], &seen["attempts"]),
        (&"solved".into(), &2.into())
    );
    assert!(
        seen["solved_at"]
            .as_u64()
            .is_some_and(|seconds| seconds > 1_700_000_000)
    );
    let list = copy.stdout(&["exercises"]);
    assert_in_order(
        &list,
        &[
            "[####----------------] 1/5",
            "[ ] late_tea",
            "[x] one_by_one",
        ],
    );
}

fn errors_name_the_readers_file() {
    let copy = Copy::new();
    copy.stdout(&["exercises"]);
    copy.replace(MINE, "call.await?", "call.await.missing()");
    let line = copy
        .read(MINE)
        .lines()
        .position(|line| line.contains("missing"))
        .expect("the line")
        + 1;
    let said = copy.refusal(&["check", "one_by_one"]);
    assert_in_order(
        &said,
        &[
            "error[E0599]",
            &format!("exercises/gather_wait/one_by_one.rs:{line}:"),
            "the program does not compile",
            "error: one_by_one is not solved yet",
        ],
    );
}

fn what_hangs_is_stopped() {
    let copy = Copy::new();
    copy.stdout(&["exercises"]);
    let stations = "let asked: Vec<_>";
    // On the virtual clock both loops know at once that nothing can come any more.
    copy.replace(
        MINE,
        stations,
        "asyncio::get_running_loop()?.create_promise::<()>().await?;\nlet asked: Vec<_>",
    );
    let said = copy.refusal(&["check", "one_by_one"]);
    assert_in_order(
        &said,
        &[
            "FAILED: the program comes to its end",
            "it waits for ever: every task is waiting and nothing is left that could wake one",
            "read:     book/src/gather_wait.md",
        ],
    );

    copy.replace(
        "gather_wait/lost_order.rs",
        "loop {",
        "std::future::pending::<()>().await;\nloop {",
    );
    let said = copy.refusal(&["check", "lost_order"]);
    assert_in_order(
        &said,
        &["FAILED: the program comes to its end", "it waits for ever"],
    );

    // Nothing but a limit on real time ends a loop without an await.
    copy.replace(
        MINE,
        "asyncio::get_running_loop()",
        "loop {}\nasyncio::get_running_loop()",
    );
    let mut command = copy.command(&["check", "one_by_one"]);
    let output = command
        .env("EXERCISE_SECONDS", "1")
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_in_order(
        &said,
        &[
            "FAILED: the program comes to its end",
            "it was still running after 1 s and was stopped",
        ],
    );
    assert!(!output.status.success());
}

fn a_panic_is_reported() {
    let copy = Copy::new();
    copy.stdout(&["exercises"]);
    copy.replace(
        MINE,
        "let asked: Vec<_>",
        "assert_eq!(1, 2, \"my mistake\");\nlet asked: Vec<_>",
    );
    let said = copy.refusal(&["check", "one_by_one"]);
    assert_in_order(
        &said,
        &[
            "FAILED: the program comes to its end",
            "it panicked: assertion `left == right` failed: my mistake",
            "panicked at exercises/gather_wait/one_by_one.rs:",
        ],
    );
    copy.replace(
        MINE,
        "assert_eq!(1, 2, \"my mistake\");",
        "std::process::exit(0);",
    );
    let said = copy.refusal(&["check", "one_by_one"]);
    assert_in_order(&said, &["in the middle of a check"]);
}

fn hints_come_one_by_one() {
    let copy = Copy::new();
    let first = copy.stdout(&["hint", "one_by_one"]);
    assert!(
        first.starts_with("hint 1 of 3: Calling an `async fn` starts nothing"),
        "{first}"
    );
    let second = copy.stdout(&["hint", "one_by_one"]);
    assert!(second.starts_with("hint 2 of 3: "), "{second}");
    let third = copy.stdout(&["hint", "one_by_one"]);
    assert!(third.starts_with("hint 3 of 3: "), "{third}");
    assert_eq!(copy.stdout(&["hint", "one_by_one"]), third);
    assert_eq!(exercise(&copy, "one_by_one")["hints"], 3);
}

fn reset_loses_nothing() {
    let copy = Copy::new();
    let starter = copy.read("starters/gather_wait/one_by_one.rs");
    copy.stdout(&["exercises"]);
    copy.stdout(&["reset", "one_by_one"]);
    assert!(
        !copy.file("gather_wait/one_by_one.rs.bak-1").exists(),
        "nothing to keep"
    );
    copy.solve("one_by_one");
    copy.stdout(&["check", "one_by_one"]);
    let said = copy.stdout(&["reset", "one_by_one"]);
    assert!(said.contains("one_by_one.rs.bak-1"), "{said}");
    assert_eq!(copy.read(MINE), starter);
    assert_eq!(
        exercise(&copy, "one_by_one")["state"],
        "started",
        "it was tried"
    );
    copy.write(MINE, "second");
    copy.stdout(&["reset", "one_by_one"]);
    assert_eq!(
        copy.read("gather_wait/one_by_one.rs.bak-1"),
        copy.read("solutions/gather_wait/one_by_one.rs")
    );
    assert_eq!(copy.read("gather_wait/one_by_one.rs.bak-2"), "second");
    assert_eq!(copy.read(MINE), starter);
}

fn a_solution_must_be_asked_for_twice() {
    let copy = Copy::new();
    let said = copy.refusal(&["solution", "one_by_one"]);
    assert!(
        said.starts_with("error: one_by_one is not solved yet"),
        "{said}"
    );
    let solution = copy.read("solutions/gather_wait/one_by_one.rs");
    assert_eq!(copy.stdout(&["solution", "one_by_one", "--yes"]), solution);
    assert_eq!(exercise(&copy, "one_by_one")["solution_seen"], true);
    copy.solve("lost_order");
    copy.stdout(&["check", "lost_order"]);
    copy.stdout(&["solution", "lost_order"]);
    assert_eq!(exercise(&copy, "lost_order")["solution_seen"], false);
}

fn answers_are_judged() {
    let copy = Copy::new();
    assert!(
        copy.refusal(&["check", "late_tea"])
            .contains("late_tea has no answer yet")
    );
    let wrong = copy.refusal(&["answer", "late_tea", "a"]);
    assert_in_order(
        &wrong,
        &[
            "`wait_for` cancels what it waits for",
            "read book/src/gather_wait.md#cancelling",
            "that is not what happens",
        ],
    );
    assert_eq!(copy.read("gather_wait/late_tea.answer"), "a\n");
    let none = copy.refusal(&["answer", "late_tea", "x"]);
    assert_eq!(
        none,
        "error: `x` is no answer to late_tea: choose one of a, b, c, d, e\n"
    );
    copy.write("gather_wait/late_tea.answer", "B");
    assert!(
        copy.stdout(&["check", "late_tea"])
            .contains("late_tea is solved")
    );
    assert!(
        copy.stdout(&["answer", "late_tea", "b"])
            .contains("late_tea is solved")
    );
    let seen = exercise(&copy, "late_tea");
    assert_eq!(
        (&seen["state"], &seen["attempts"]),
        (&"solved".into(), &3.into())
    );
    assert!(
        copy.refusal(&["answer", "one_by_one", "a"])
            .contains("asks for a program")
    );
    copy.stdout(&["reset", "late_tea"]);
    assert!(!copy.file("gather_wait/late_tea.answer").exists());
}

fn unknown_names_are_answered_with_the_nearest() {
    let copy = Copy::new();
    for command in ["check", "hint", "reset", "solution"] {
        let said = copy.refusal(&[command, "one_by_on"]);
        assert_eq!(
            said,
            "error: there is no exercise `one_by_on`: do you mean `one_by_one`?\n"
        );
    }
    let said = copy.refusal(&["answer", "latte", "a"]);
    assert_eq!(
        said,
        "error: there is no exercise `latte`: do you mean `late_tea`?\n"
    );
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

fn watch_goes_on() {
    let copy = Copy::new();
    let mut command = copy.command(&["watch"]);
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
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
    copy.write(
        "gather_wait/saved",
        &copy.read("solutions/gather_wait/first_answer.rs"),
    );
    fs::rename(
        copy.file("gather_wait/saved"),
        copy.file("gather_wait/first_answer.rs"),
    )
    .expect("a new name");
    wait_for(&lines, "first_answer is solved");
    wait_for(&lines, "All teas, or none (build");
    say("q");
    let ended = wait_timeout::ChildExt::wait_timeout(&mut watching.0, DEADLINE);
    assert!(ended.expect("a child").expect("an end").success());
}

/// Reads lines in the background, so that waiting for one can have a limit.
fn lines(source: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

#[track_caller]
fn wait_for(lines: &Receiver<String>, text: &str) {
    let end = Instant::now() + DEADLINE;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) if line.contains(text) => return,
            Ok(_) => {}
            Err(_) => panic!("no line with `{text}` came"),
        }
    }
}
