//! What a page says in words of its programs: with this change, that one prints this.

use std::process::Command;

use libtest_mimic::{Failed, Trial};
use workbook::programs::chapter::Chapter;
use workbook::programs::compile::Source;
use workbook::programs::program::run_now;

use crate::Context;

struct Change {
    chapter: &'static str,
    /// What no other program of the chapter contains.
    program: &'static str,
    says: &'static str,
    /// Each of these occurs once.
    replace: &'static [(&'static str, &'static str)],
    prints: &'static str,
}

const LOOK: &str = "let degrees = self.0.lock().unwrap().degrees;\n        if let Some(degrees) = degrees {";
const LOOK_UNDER_LOCK: &str = "let mut slot = self.0.lock().unwrap();\n        if let Some(degrees) = slot.degrees {";
const LEAVE: &str = "self.0.lock().unwrap().waker = Some(cx.waker().clone());";
const LEAVE_UNDER_LOCK: &str = "slot.waker = Some(cx.waker().clone());";
const UNLUCKY: &str = "thread::sleep(Duration::from_millis(500)); // Stands for an unlucky moment.";

const CHANGES: [Change; 4] = [
    Change {
        chapter: "future.md",
        program: UNLUCKY,
        says: "the lock held over looking and leaving loses no wake-up",
        replace: &[(LOOK, LOOK_UNDER_LOCK), (LEAVE, LEAVE_UNDER_LOCK)],
        prints: "done within 2 s: true, in the slot: Some(21)\n",
    },
    Change {
        chapter: "future.md",
        program: UNLUCKY,
        says: "the waker left first loses no wake-up",
        replace: &[
            (LEAVE, ""),
            (UNLUCKY, ""),
            (
                "let degrees = self.0.lock().unwrap().degrees;",
                "self.0.lock().unwrap().waker = Some(cx.waker().clone());
                 thread::sleep(Duration::from_millis(500));
                 let degrees = self.0.lock().unwrap().degrees;",
            ),
        ],
        prints: "done within 2 s: true, in the slot: Some(21)\n",
    },
    Change {
        chapter: "future.md",
        program: UNLUCKY,
        says: "a wake-up before the filling is lost, even if the waiter makes no mistake",
        replace: &[
            (LOOK, LOOK_UNDER_LOCK),
            (LEAVE, LEAVE_UNDER_LOCK),
            (UNLUCKY, ""),
            (
                "let mut slot = slot.lock().unwrap();\n    slot.degrees = Some(degrees);\n    let waker = slot.waker.take();\n    drop(slot);",
                "let waker = slot.lock().unwrap().waker.take();",
            ),
            (
                "waker.wake();",
                "waker.wake();
                 thread::sleep(Duration::from_millis(500));
                 slot.lock().unwrap().degrees = Some(degrees);",
            ),
        ],
        prints: "done within 2 s: false, in the slot: Some(21)\n",
    },
    Change {
        chapter: "future.md",
        program: "if slot.waker.is_none() {",
        says: "the latest waker is the one that counts",
        replace: &[("if slot.waker.is_none() {", "{")],
        prints: "within a second: false\nwithin a day: true\n",
    },
];

pub fn trials(context: &'static Context, chapters: &'static [Chapter]) -> Vec<Trial> {
    let trial = |change: &'static Change| {
        let name = format!("cure {}: {}", change.chapter, change.says);
        Trial::test(name, move || prints_what_is_said(context, chapters, change)).with_kind("rust")
    };
    CHANGES.iter().map(trial).collect()
}

fn prints_what_is_said(context: &Context, chapters: &[Chapter], change: &Change) -> Result<(), Failed> {
    let blocks = chapters.iter().filter(|chapter| chapter.name == change.chapter).flat_map(|chapter| &chapter.blocks);
    let programs: Vec<_> = blocks.filter(|block| block.text.contains(change.program)).collect();
    let [program] = programs[..] else { return Err(format!("{} programs contain it", programs.len()).into()) };
    let mut source = program.rust_source();
    for (old, new) in change.replace {
        assert_eq!(source.matches(old).count(), 1, "in the program: {old}");
        source = source.replace(old, new);
    }
    let _cores = context.cores.read();
    let compiled = context.compiler.compile_now(&Source::of(&source))?;
    let executable = compiled.executable.ok_or("does not compile")?;
    assert_eq!(run_now(&Command::new(executable))?.stdout, change.prints);
    Ok(())
}
