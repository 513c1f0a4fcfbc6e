//! The one way in which programs are compiled.

use std::fs;
use std::process::Command;
use std::time::SystemTime;

use libtest_mimic::{Failed, Trial};
use workbook::programs::compile::{Compiler, File, SOURCE, Source};

use crate::Context;
use crate::skeptic::stand_in_with;

type Test = fn(&Compiler) -> Result<(), Failed>;

pub fn trials(context: &'static Context) -> Vec<Trial> {
    let tests: [(&str, Test); 5] = [
        ("compiles once", is_compiled_once),
        ("names paths that are shown", messages_name_a_file_by_the_path_that_is_shown),
        ("hides what it appends", what_is_appended_is_not_seen),
        ("stands in for skeptic's", it_stands_in_for_skeptics),
        ("answers other questions", other_questions_go_to_rustc),
    ];
    let trials =
        tests.into_iter().map(|(name, test)| Trial::test(format!("compiler {name}"), move || test(&context.compiler)));
    trials.collect()
}

/// Two `let` in one condition need edition 2024; no earlier test has compiled the same.
fn new_program() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let number = now.expect("a time after 1970").as_nanos();
    format!("fn main() {{ if let Some(x) = Some({number}u128) && x > 1 {{ println!(\"{{x}}\") }} }}\n")
}

fn is_compiled_once(compiler: &Compiler) -> Result<(), Failed> {
    let source = Source::of(&new_program());
    let (first, again) = (compiler.compile_now(&source)?, compiler.compile_now(&source)?);
    assert!(!first.found && again.found);
    assert!(first.executable.is_some() && first.executable == again.executable);
    Ok(())
}

fn messages_name_a_file_by_the_path_that_is_shown(compiler: &Compiler) -> Result<(), Failed> {
    let file = |path: &str, shown: &str, text: &str| File {
        path: path.to_owned(),
        shown: shown.to_owned(),
        text: text.to_owned(),
    };
    let checks = "mod exercise; fn main() { exercise::f() }";
    let compiled = compiler.compile_now(&Source::of_files(vec![
        file(SOURCE, "checks/one.rs", checks),
        file("src/exercise.rs", "mine/one.rs", "pub fn f() {\n    missing()\n}\n"),
    ]))?;
    let messages = compiled.rendered();
    assert!(messages.contains("mine/one.rs:2:5"), "{messages}");
    assert!(!messages.contains("src/"), "{messages}");
    Ok(())
}

/// Even where a message is about the end of the program.
fn what_is_appended_is_not_seen(compiler: &Compiler) -> Result<(), Failed> {
    let open = compiler.compile_now(&Source::of("use tokio::task;\nfn main() {\n"))?;
    assert!(open.executable.is_none());
    let messages = open.rendered();
    assert!(messages.contains("unclosed delimiter"), "{messages}");
    assert!(!messages.contains("extern crate"), "{messages}");
    Ok(())
}

/// What it wants in an old edition is compiled in ours.
fn it_stands_in_for_skeptics(compiler: &Compiler) -> Result<(), Failed> {
    let work = tempfile::tempdir()?;
    let file = |name: &str| work.path().join(name).display().to_string();
    let stand_in = |source: &str, output: &str| {
        let (source, output) = (file(source), file(output));
        let fixed = ["--verbose", "--crate-type=bin", "--edition=2021", "-o"];
        let args = [&*source].into_iter().chain(fixed).chain([&*output]);
        stand_in_with(compiler, &args.map(str::to_owned).collect::<Vec<_>>())
    };
    let program = new_program();
    // As skeptic writes it, with an empty line before the program.
    fs::write(file("good.rs"), format!("\n{program}"))?;
    fs::write(file("bad.rs"), "\nfn main() { missing() }")?;

    assert_eq!(stand_in("good.rs", "good.exe")?, 0);
    let output = Command::new(file("good.exe")).output()?;
    assert!(program.contains(String::from_utf8_lossy(&output.stdout).trim()));
    let again = compiler.compile_now(&Source::of(&program))?;
    assert!(again.found, "it is the same program");

    assert_eq!(stand_in("bad.rs", "bad.exe")?, 1);
    assert!(!work.path().join("bad.exe").exists());
    Ok(())
}

fn other_questions_go_to_rustc(compiler: &Compiler) -> Result<(), Failed> {
    assert_eq!(stand_in_with(compiler, &["--print=sysroot".to_owned()])?, 0);
    Ok(())
}
