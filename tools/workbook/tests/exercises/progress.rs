//! The progress file under several writers, and what becomes of a broken one.

use std::process::Stdio;
use std::thread;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use workbook::exercises::progress::Progress;

use crate::copy::Copy;

pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("progress {name}"), move || -> Result<(), Failed> {
            test();
            Ok(())
        })
    };
    vec![
        trial("two writers", two_writers_lose_nothing),
        trial("killed writer", a_killed_writer_leaves_a_whole_file),
        trial("broken file", a_broken_file_is_set_aside),
        trial("newer file", what_is_unknown_is_kept),
    ]
}

fn record(copy: &Copy) -> Value {
    serde_json::from_str(&copy.read("work/progress.json")).expect("a whole file")
}

fn two_writers_lose_nothing() {
    let copy = Copy::of_model();
    copy.stdout(&["exercises"]);
    thread::scope(|scope| {
        for name in ["one_by_one", "lost_order"] {
            let copy = &copy;
            scope.spawn(move || {
                for _ in 0..10 {
                    // Each is a process of its own.
                    copy.refusal(&["answer", "late_tea", "a"]);
                    copy.stdout(&["hint", name]);
                }
            });
        }
    });
    let record = record(&copy);
    assert_eq!(record["exercises"]["late_tea"]["attempts"], 20);
    assert_eq!(record["exercises"]["one_by_one"]["hints"], 3);
    assert_eq!(record["exercises"]["lost_order"]["hints"], 3);
}

/// Whenever the writer is killed, the file is whole, and the next writer need not wait for the dead one.
fn a_killed_writer_leaves_a_whole_file() {
    let copy = Copy::of_model();
    copy.refusal(&["answer", "late_tea", "a"]);
    for _ in 0..20 {
        let mut command = copy.command(&["answer", "late_tea", "a"]);
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut writer = quiet.spawn().expect("the program starts");
        let before = record(&copy);
        // One that has got far enough has changed the file once more.
        while record(&copy) == before {
            if writer.try_wait().expect("a child").is_some() {
                break;
            }
            thread::yield_now();
        }
        writer.kill().expect("a child, dead or alive");
        writer.wait().expect("a child");
        record(&copy);
    }
    let attempts = |copy: &Copy| record(copy)["exercises"]["late_tea"]["attempts"].as_u64();
    let before = attempts(&copy).expect("a number");
    copy.refusal(&["answer", "late_tea", "a"]);
    assert_eq!(attempts(&copy), Some(before + 1));
    // A lock that is held by a living program is waited for; this one is gone with its value.
    let progress = Progress::in_folder(&copy.file("work"));
    progress.update("late_tea", |entry| entry.attempts = 0).expect("no lock is left");
    assert_eq!(attempts(&copy), Some(0));
}

fn a_broken_file_is_set_aside() {
    let copy = Copy::of_model();
    for (number, text) in [(1, "{ half"), (2, "[]")] {
        copy.write("work/progress.json", text);
        let output = copy.run(&["hint", "one_by_one"]);
        assert!(output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.starts_with("note: the progress in "), "{said}");
        assert!(said.contains(&format!("progress.broken-{number}.json")), "{said}");
        assert_eq!(copy.read(&format!("work/progress.broken-{number}.json")), text);
        assert_eq!(record(&copy)["exercises"]["one_by_one"]["hints"], 1);
    }
}

fn what_is_unknown_is_kept() {
    let copy = Copy::of_model();
    let newer = json!({ "theme": "dark", "exercises": { "one_by_one": { "hints": 1, "stars": 5 }, "gone": {} } });
    copy.write("work/progress.json", &newer.to_string());
    copy.stdout(&["hint", "one_by_one"]);
    let record = record(&copy);
    assert_eq!(record["theme"], "dark");
    assert_eq!(record["exercises"]["one_by_one"]["stars"], 5);
    assert_eq!(record["exercises"]["one_by_one"]["hints"], 2);
    assert!(record["exercises"]["gone"].is_object());
}
