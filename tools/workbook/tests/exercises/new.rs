//! What `new` makes works as it stands, and says what is left to do.

use std::fs;
use std::process::{Command, Output};

use libtest_mimic::{Failed, Trial};
use workbook::exercises::catalog::Kind;
use workbook::programs::cargo;
use workbook::programs::python::Python;

use crate::Context;
use crate::copy::{Copy, find};
use crate::programs::{answer, solution, starter};
use crate::rules::problems;

/// What it reads and changes beside the exercises.
const FILES: [&str; 6] = [
    "Cargo.toml",
    "README.md",
    "book/src/SUMMARY.md",
    "book/src/gather_wait.md",
    "tests/cases/cases.md",
    "tools/recorded/scenarios/main.rs",
];

pub fn trials(context: &'static Context) -> Vec<Trial> {
    let trial = |name: &str, test: fn(&'static Context) -> Result<(), Failed>| {
        Trial::test(format!("new {name}"), move || test(context))
    };
    vec![trial("exercises", exercises_work_as_they_stand), trial("files", files_are_made_and_named)]
}

fn copy() -> Copy {
    let copy = Copy::of_model();
    let project = cargo::workspace();
    for file in FILES {
        copy.write(file, &fs::read_to_string(project.join(file)).expect("a file"));
    }
    for folder in ["tests/cases", "tests/cases/cases_py"] {
        for entry in fs::read_dir(project.join(folder)).expect("a folder").flatten() {
            if entry.path().is_file() {
                let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
                copy.write(&name, &fs::read_to_string(entry.path()).expect("a file"));
            }
        }
    }
    copy
}

fn new(copy: &Copy, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_workbook"))
        .arg("new")
        .args(args)
        .arg("--project")
        .arg(copy.project())
        .output()
        .expect("the program starts")
}

#[track_caller]
fn made(copy: &Copy, args: &[&str]) -> String {
    let output = new(copy, args);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn exercises_work_as_they_stand(context: &'static Context) -> Result<(), Failed> {
    let copy = copy();
    for kind in ["predict", "repair", "build"] {
        made(&copy, &["exercise", "gather_wait", kind, "--kind", kind]);
    }
    let catalog = copy.catalog();
    for name in ["predict", "repair", "build"] {
        let exercise = find(&catalog, name);
        match exercise.kind {
            Kind::Predict => answer(&context.compiler, &catalog, exercise)?,
            _ => {
                starter(&context.compiler, &catalog, exercise)?;
                solution(&context.compiler, &catalog, exercise)?;
            }
        }
        let complaint = format!("gather_wait/{name}: something in it is still TODO");
        assert!(problems(&catalog).contains(&complaint), "{complaint}");
    }
    Ok(())
}

fn files_are_made_and_named(_: &'static Context) -> Result<(), Failed> {
    let copy = copy();
    let said = made(&copy, &["chapter", "herons", "Herons and cranes"]);
    assert!(said.contains("made    book/src/herons.md"), "{said}");
    for file in ["book/src/herons.md", "examples/herons.rs", "examples/herons.py", "examples/herons.txt"] {
        assert!(!copy.read(file).contains("{{title}}"), "{file}");
    }
    assert!(copy.read("book/src/herons.md").starts_with("# Herons and cranes\n"));
    let (summary, entry) = (copy.read("book/src/SUMMARY.md"), "\n- [Herons and cranes](herons.md)\n");
    assert!(summary.contains(entry), "{summary}");
    assert!(copy.read("Cargo.toml").contains("[[example]]\nname = \"herons\"\n"));
    assert!(copy.read("README.md").contains("(book/src/herons.md)"));

    made(&copy, &["scenario", "gather_wait", "herons"]);
    let list = copy.read("tools/recorded/scenarios/main.rs");
    assert!(list.contains("\n    gather_wait {\n        steps [herons];\n"), "{list}");
    made(&copy, &["case", "G99"]);
    let (cases, test) = (copy.read("tests/cases/cases.md"), copy.read("tests/cases/gather.rs"));
    let (_, after) = cases.split_once("\n## G99 · FULL\n").expect("the case");
    assert!(after.contains("\n\n## "), "others follow");
    assert!(test.contains("\nfn g99_todo() {\n"), "{test}");
    assert!(copy.read("tests/cases/cases_py/cases_comb.py").contains("@case(\"G99\")\ndef g99("));

    if Python::find().is_ok() {
        let output = new(&copy, &["chapter", "select", "Select"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("`select` is a module of Python's"), "{said}");
    }

    // Nothing that is there is ever written over, and nothing half.
    for (args, why) in [
        (&["chapter", "herons", "Herons"][..], "book/src/herons.md exists already"),
        (&["chapter", "Herons", "Herons"], "`Herons` is no name"),
        (&["chapter", "cranes", "The \"crane\""], "is no title"),
        (&["exercise", "gather_wait", "late_tea"], "exists already"),
        (&["exercise", "herrons", "one"], "there is no book/src/herrons.md"),
        (&["scenario", "gather_wait", "herons"], "exists already"),
        (&["case", "G99"], "there is a case G99"),
        (&["case", "gather"], "`gather` is no case"),
    ] {
        let output = new(&copy, args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(why), "{args:?}: {said}");
    }
    Ok(())
}
