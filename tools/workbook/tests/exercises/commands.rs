//! The commands as a reader types them, on a copy of the exercises.

use std::fs;
use std::process::{Command, Output, Stdio};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::copy::{Copy, wait_until};

const MINE: &str = "work/gather_wait/one_by_one.rs";

pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("commands {name}"), move || -> Result<(), Failed> {
            test();
            Ok(())
        })
    };
    vec![
        trial("list and solve", list_and_solve),
        trial("errors name the reader's file", errors_name_the_readers_file),
        trial("what hangs is stopped", what_hangs_is_stopped),
        trial("a compiler without an end is stopped", a_compiler_without_an_end_is_stopped),
        trial("ctrl-c leaves nothing", ctrl_c_leaves_nothing),
        trial("a panic is no hang", a_panic_is_reported),
        trial("hints come one by one", hints_come_one_by_one),
        trial("reset loses nothing", reset_loses_nothing),
        trial("old places", what_lay_in_old_places_is_taken_over),
        trial("another chapter", an_exercise_that_comes_to_another_chapter_takes_its_files_along),
        trial("a solution must be asked for twice", a_solution_must_be_asked_for_twice),
        trial("answers are judged", answers_are_judged),
        trial("unknown names", unknown_names_are_answered_with_the_nearest),
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
    let progress: Value = serde_json::from_str(&copy.stdout(&["progress", "--json"])).expect("JSON");
    let chapters = progress["chapters"].as_array().expect("chapters");
    let mut all = chapters.iter().flat_map(|chapter| chapter["exercises"].as_array().expect("a list"));
    all.find(|exercise| exercise["name"] == name).expect("the exercise").clone()
}

fn list_and_solve() {
    let copy = Copy::of_model();
    let list = copy.stdout(&["exercises"]);
    assert_in_order(&list, &["Gather and wait [--------------------] 0/5", "[ ] one_by_one", "next: late_tea"]);
    assert_eq!(copy.read(MINE), copy.read("exercises/gather_wait/one_by_one/exercise.rs"));

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
    assert_eq!((&seen["state"], &seen["attempts"]), (&"started".into(), &1.into()));
    assert_eq!(seen["solved_at"], Value::Null);

    copy.solve("one_by_one");
    let passed = copy.stdout(&["check", "one_by_one"]);
    assert_in_order(
        &passed,
        &["one_by_one is solved", "A future does nothing until somebody polls it", "next: late_tea"],
    );
    let seen = exercise(&copy, "one_by_one");
    assert_eq!((&seen["state"], &seen["attempts"]), (&"solved".into(), &2.into()));
    assert!(seen["solved_at"].as_u64().is_some_and(|seconds| seconds > 1_700_000_000));
    let list = copy.stdout(&["exercises"]);
    assert_in_order(&list, &["[####----------------] 1/5", "[ ] late_tea", "[x] one_by_one"]);
}

fn errors_name_the_readers_file() {
    let copy = Copy::of_model();
    copy.stdout(&["exercises"]);
    copy.replace(MINE, "call.await?", "call.await.missing()");
    let line = copy.read(MINE).lines().position(|line| line.contains("missing")).expect("the line") + 1;
    let said = copy.refusal(&["check", "one_by_one"]);
    assert_in_order(
        &said,
        &[
            "error[E0599]",
            &format!("work/gather_wait/one_by_one.rs:{line}:"),
            "the program does not compile",
            "error: one_by_one is not solved yet",
        ],
    );
}

fn what_hangs_is_stopped() {
    let copy = Copy::of_model();
    copy.stdout(&["exercises"]);
    let stations = "let asked: Vec<_>";
    // On the virtual clock both loops know at once that nothing can come any more.
    copy.replace(MINE, stations, "asyncio::get_running_loop()?.create_promise::<()>().await?;\nlet asked: Vec<_>");
    let said = copy.refusal(&["check", "one_by_one"]);
    assert_in_order(
        &said,
        &[
            "FAILED: the program comes to its end",
            "expected: an end with a value, to see that the answers are listed in the order of the stations; that all three stations are asked at the same time; that it takes as long as the slowest answer\n",
            "it waits for ever: every task is waiting and nothing is left that could wake one",
            "read:     book/src/gather_wait.md",
        ],
    );

    copy.replace("work/gather_wait/lost_order.rs", "loop {", "std::future::pending::<()>().await;\nloop {");
    let said = copy.refusal(&["check", "lost_order"]);
    assert_in_order(&said, &["FAILED: the program comes to its end", "it waits for ever"]);

    copy.replace(
        MINE,
        "asyncio::get_running_loop()",
        "loop { println!(\"{:01000}\", 0); }\nasyncio::get_running_loop()",
    );
    let said = copy.refusal(&["check", "one_by_one"]);
    let stopped = "the program did not come to the end of its checks: ";
    assert_in_order(&said, &[stopped, "it printed more than 1 MiB"]);
    assert!(said.len() < 10_000);

    // Nobody's machine goes down with an exercise.
    copy.replace(
        MINE,
        "loop { println!(\"{:01000}\", 0); }",
        "let mut all: Vec<Vec<u8>> = Vec::new();\nloop { all.push(vec![1_u8; 1 << 20]); }",
    );
    let said = copy.refusal(&["check", "one_by_one"]);
    assert_in_order(&said, &[stopped, "it used more than 512 MiB of memory"]);

    // Nothing but a limit on real time ends a loop without an await.
    copy.replace(MINE, "loop { all.push(vec![1_u8; 1 << 20]); }", "loop {}");
    let mut command = copy.command(&["check", "one_by_one"]);
    let output = command.env("EXERCISE_SECONDS", "1").output().expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_in_order(
        &said,
        &[
            "FAILED: the program comes to its end",
            "it was still running after 1 s and was stopped: it blocks, or loops without an await that waits; nothing was checked",
        ],
    );
    assert!(!output.status.success());
}

/// What keeps the compiler busy, takes its memory, and uses up its stack; and what is said of it then.
const NOT_COMPILED: [(&str, &str); 3] = [
    (
        "#[allow(long_running_const_eval)]\nconst N: u64 = { let mut n = 0; while n < 1 << 60 { n += 1 } n };\npub fn n() -> u64 { N }",
        "the compiler: it used more than 6 s of processor time; look for a constant, a macro or a type without an end",
    ),
    (
        "pub static ALL: [u8; 1 << 31] = { let mut all = [1; 1 << 31]; all[7] = 2; all };",
        "the compiler: it used more than 512 MiB of memory; look for a constant, a macro or a type without an end",
    ),
    ("pub fn n() -> u64 { DEEP }", "the compiler: it was ended by signal 11"),
];

fn a_compiler_without_an_end_is_stopped() {
    let copy = Copy::of_model();
    copy.stdout(&["exercises"]);
    let deep = format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000));
    let solution = copy.read("exercises/gather_wait/one_by_one/solution.rs");
    for (more, said) in NOT_COMPILED {
        let more = more.replace("DEEP", &deep);
        copy.write(MINE, &format!("{solution}\n{more}\n"));
        let args = ["check", "one_by_one", "--compiler-limits", r#"{"wall":120000,"cpu":6}"#];
        let command = copy.command(&args);
        let (output, left) = output_and_what_is_left(command);
        let printed = String::from_utf8_lossy(&output.stdout);
        let printed = printed.into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_in_order(&printed, &[said, "error: one_by_one is not solved yet"]);
        assert_eq!(left, Vec::<String>::new());
    }
    copy.solve("one_by_one");
    copy.stdout(&["check", "one_by_one"]);
}

/// Runs the command in a session of its own, and lists the processes of that session that are there when it has ended.
fn output_and_what_is_left(command: Command) -> (Output, Vec<String>) {
    let mut alone = Command::new("setsid");
    alone.arg(command.get_program()).args(command.get_args());
    let child = alone
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("setsid is part of Linux");
    let session = child.id().to_string();
    let output = child.wait_with_output().expect("an end");
    let mut left = Vec::new();
    for entry in fs::read_dir("/proc").expect("the processes").flatten() {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        // The state, the parent, the group and the session.
        if fields.split(' ').nth(3) == Some(&session) {
            left.push(stat);
        }
    }
    (output, left)
}

fn ctrl_c_leaves_nothing() {
    let copy = Copy::of_model();
    copy.stdout(&["answer", "late_tea", "b"]);
    assert!(copy.stdout(&["exercises"]).contains("next: one_by_one"));
    copy.replace(MINE, "let asked: Vec<_>", "loop {}\nlet asked: Vec<_>");
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let made = || fs::read_dir(temporary.path()).expect("a folder").flatten().map(|entry| entry.path());
    for command in [&["check", "one_by_one"][..], &["watch"]] {
        let mut command = copy.command(command);
        let mut child = command.env("TMPDIR", temporary.path()).spawn().expect("the program starts");
        wait_until("it runs", || made().any(|folder| folder.join("check").exists()));
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill is part of Unix").success());
        assert_eq!(child.wait().expect("an end").code(), Some(130), "{command:?}");
        assert_eq!(made().count(), 0, "{command:?}");
    }
    assert_eq!(exercise(&copy, "one_by_one")["attempts"], 0);
}

fn a_panic_is_reported() {
    let copy = Copy::of_model();
    copy.stdout(&["exercises"]);
    copy.replace(MINE, "let asked: Vec<_>", "assert_eq!(1, 2, \"my mistake\");\nlet asked: Vec<_>");
    let said = copy.refusal(&["check", "one_by_one"]);
    assert_in_order(
        &said,
        &[
            "FAILED: the program comes to its end",
            "it panicked: assertion `left == right` failed: my mistake",
            "panicked at work/gather_wait/one_by_one.rs:",
        ],
    );
    copy.replace(MINE, "assert_eq!(1, 2, \"my mistake\");", "std::process::exit(0);");
    let said = copy.refusal(&["check", "one_by_one"]);
    assert_in_order(&said, &["did not come to the end of its checks: it ended with exit status 0"]);
}

fn hints_come_one_by_one() {
    let copy = Copy::of_model();
    let first = copy.stdout(&["hint", "one_by_one"]);
    assert!(first.starts_with("hint 1 of 3: Calling an `async fn` starts nothing"), "{first}");
    let second = copy.stdout(&["hint", "one_by_one"]);
    assert!(second.starts_with("hint 2 of 3: "), "{second}");
    let third = copy.stdout(&["hint", "one_by_one"]);
    assert!(third.starts_with("hint 3 of 3: "), "{third}");
    assert_eq!(copy.stdout(&["hint", "one_by_one"]), third);
    assert_eq!(exercise(&copy, "one_by_one")["hints"], 3);
}

fn reset_loses_nothing() {
    let copy = Copy::of_model();
    let starter = copy.read("exercises/gather_wait/one_by_one/exercise.rs");
    copy.stdout(&["exercises"]);
    copy.stdout(&["reset", "one_by_one"]);
    assert!(!copy.file("work/gather_wait/one_by_one.rs.bak-1").exists(), "nothing to keep");
    copy.solve("one_by_one");
    copy.stdout(&["check", "one_by_one"]);
    let said = copy.stdout(&["reset", "one_by_one"]);
    assert!(said.contains("one_by_one.rs.bak-1"), "{said}");
    assert_eq!(copy.read(MINE), starter);
    assert_eq!(exercise(&copy, "one_by_one")["state"], "started", "it was tried");
    copy.write(MINE, "second");
    copy.stdout(&["reset", "one_by_one"]);
    assert_eq!(
        copy.read("work/gather_wait/one_by_one.rs.bak-1"),
        copy.read("exercises/gather_wait/one_by_one/solution.rs")
    );
    assert_eq!(copy.read("work/gather_wait/one_by_one.rs.bak-2"), "second");
    assert_eq!(copy.read(MINE), starter);
    // A file that an editor has spoiled is the last that a reader can do without a reset of.
    fs::write(copy.file(MINE), b"\xff").expect("a writable folder");
    let said = copy.refusal(&["check", "one_by_one"]);
    assert!(said.contains("did not contain valid UTF-8"), "{said}");
    copy.stdout(&["reset", "one_by_one"]);
    let kept = fs::read(copy.file("work/gather_wait/one_by_one.rs.bak-3"));
    assert_eq!(kept.expect("a copy"), b"\xff");
    assert_eq!(copy.read(MINE), starter);
}

/// In the first edition the reader's files lay beside the authors'.
fn what_lay_in_old_places_is_taken_over() {
    let copy = Copy::of_model();
    let old = [
        ("gather_wait/one_by_one.rs", "// mine"),
        ("gather_wait/one_by_one.rs.bak-1", "// mine, before"),
        ("gather_wait/late_tea.answer", "b\n"),
        ("progress.json", r#"{"exercises":{"late_tea":{"attempts":3}}}"#),
        ("progress.lock", ""),
    ];
    let lay_out = || {
        for (name, text) in old {
            copy.write(&format!("exercises/{name}"), text);
        }
    };
    lay_out();
    copy.stdout(&["exercises"]);
    for (name, text) in old {
        assert_eq!(copy.read(&format!("work/{name}")), text);
        assert!(!copy.file(&format!("exercises/{name}")).exists(), "{name}");
    }
    assert_eq!(exercise(&copy, "late_tea")["attempts"], 3);

    // What is in the new place stays; what is new in the old one is kept beside it.
    copy.write(MINE, "// newer");
    lay_out();
    copy.stdout(&["exercises"]);
    assert_eq!(copy.read(MINE), "// newer");
    assert_eq!(copy.read(&format!("{MINE}.bak-2")), "// mine");
    assert!(!copy.file("work/gather_wait/one_by_one.rs.bak-1.bak-1").exists());
    assert!(!copy.file("exercises/gather_wait/one_by_one.rs").exists());
}

fn an_exercise_that_comes_to_another_chapter_takes_its_files_along() {
    let copy = Copy::of_model();
    copy.write("work/gather_wait/notes.rs", "// no exercise");
    copy.write(MINE, "// mine");
    copy.write(&format!("{MINE}.bak-1"), "// mine, before");
    let (old, new) = (copy.file("exercises/gather_wait/one_by_one"), copy.file("exercises/queues/one_by_one"));
    fs::create_dir(new.parent().expect("a folder")).expect("a writable folder");
    fs::rename(old, new).expect("a writable folder");
    copy.stdout(&["exercises"]);
    assert_eq!(copy.read("work/queues/one_by_one.rs"), "// mine");
    assert_eq!(copy.read("work/queues/one_by_one.rs.bak-1"), "// mine, before");
    assert!(!copy.file(MINE).exists());
    assert_eq!(copy.read("work/gather_wait/notes.rs"), "// no exercise");
}

fn a_solution_must_be_asked_for_twice() {
    let copy = Copy::of_model();
    let said = copy.refusal(&["solution", "one_by_one"]);
    assert!(said.starts_with("error: one_by_one is not solved yet"), "{said}");
    let solution = copy.read("exercises/gather_wait/one_by_one/solution.rs");
    assert_eq!(copy.stdout(&["solution", "one_by_one", "--yes"]), solution);
    assert_eq!(exercise(&copy, "one_by_one")["solution_seen"], true);
    copy.solve("lost_order");
    copy.stdout(&["check", "lost_order"]);
    copy.stdout(&["solution", "lost_order"]);
    assert_eq!(exercise(&copy, "lost_order")["solution_seen"], false);
}

fn answers_are_judged() {
    let copy = Copy::of_model();
    assert!(copy.refusal(&["check", "late_tea"]).contains("late_tea has no answer yet"));
    let wrong = copy.refusal(&["answer", "late_tea", "a"]);
    assert_in_order(
        &wrong,
        &[
            "`wait_for` cancels what it waits for",
            "read book/src/gather_wait.md#cancelling",
            "that is not what happens",
        ],
    );
    assert_eq!(copy.read("work/gather_wait/late_tea.answer"), "a\n");
    let none = copy.refusal(&["answer", "late_tea", "x"]);
    assert_eq!(none, "error: `x` is no answer to late_tea: choose one of a, b, c, d, e\n");
    copy.write("work/gather_wait/late_tea.answer", "B");
    assert!(copy.stdout(&["check", "late_tea"]).contains("late_tea is solved"));
    assert!(copy.stdout(&["answer", "late_tea", "b"]).contains("late_tea is solved"));
    let seen = exercise(&copy, "late_tea");
    assert_eq!((&seen["state"], &seen["attempts"]), (&"solved".into(), &3.into()));
    assert!(copy.refusal(&["answer", "one_by_one", "a"]).contains("asks for a program"));
    copy.stdout(&["reset", "late_tea"]);
    assert!(!copy.file("work/gather_wait/late_tea.answer").exists());
}

fn unknown_names_are_answered_with_the_nearest() {
    let copy = Copy::of_model();
    for command in ["check", "hint", "reset", "solution"] {
        let said = copy.refusal(&[command, "one_by_on"]);
        assert_eq!(said, "error: there is no exercise `one_by_on`: do you mean `one_by_one`?\n");
    }
    let said = copy.refusal(&["answer", "latte", "a"]);
    assert_eq!(said, "error: there is no exercise `latte`: do you mean `late_tea`?\n");
    let said = copy.refusal(&["check", "zebra"]);
    assert_eq!(said, "error: there is no exercise `zebra`: `cargo run -- exercises` lists them\n");
}
