//! The rules for what authors write, as far as they can be seen without running anything.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use workbook::exercises::catalog::{Catalog, Chapter, Exercise, Kind, heading};
use workbook::programs::cargo;

use crate::Context;
use crate::copy::{Copy, copy_folder};

pub fn trials(context: &'static Context) -> Vec<Trial> {
    vec![
        Trial::test("rules for chapters", move || nothing_in(problems(&context.catalog))),
        Trial::test("rules for files", move || nothing_in(stray_files(&context.catalog, &context.copy.path()))),
        Trial::test("rules for files of the project", move || {
            let folder = cargo::workspace().join("exercises");
            nothing_in(stray_files(&context.catalog, &folder))
        }),
        Trial::test("rules can be broken", broken_rules_are_named),
    ]
}

fn nothing_in(problems: Vec<String>) -> Result<(), Failed> {
    if problems.is_empty() { Ok(()) } else { Err(Failed::from(problems.join("\n"))) }
}

/// Everything that the rules do not allow.
pub fn problems(catalog: &Catalog) -> Vec<String> {
    let mut problems = Vec::new();
    let mut names = HashSet::new();
    for chapter in &catalog.chapters {
        let mut say = |what: String| problems.push(format!("{}: {what}", chapter.slug));
        chapter_problems(chapter, &mut say);
        for exercise in &chapter.exercises {
            let mut say = |what: &str| problems.push(format!("{}/{}: {what}", chapter.slug, exercise.name));
            if !names.insert(&exercise.name) {
                say("another exercise has the same name");
            }
            exercise_problems(catalog, exercise, &mut say);
            match exercise.kind {
                Kind::Predict => predict_problems(exercise, &mut say),
                _ => program_problems(exercise, &mut say),
            }
        }
    }
    problems
}

fn chapter_problems(chapter: &Chapter, say: &mut impl FnMut(String)) {
    let page = cargo::workspace().join(format!("book/src/{}.md", chapter.slug));
    if !page.is_file() {
        say("the book has no such chapter".to_owned());
    }
}

fn exercise_problems(catalog: &Catalog, exercise: &Exercise, say: &mut impl FnMut(&str)) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if exercise.name.is_empty() || !exercise.name.chars().all(plain) {
        say("a name is made of a to z, 0 to 9 and _");
    }
    let mut texts = vec![&exercise.title, &exercise.explanation];
    texts.extend(&exercise.hints);
    texts.extend(exercise.choices.iter().filter_map(|choice| choice.misconception.as_ref()));
    let task = catalog.task(exercise).unwrap_or_default();
    if texts.into_iter().chain([&task]).any(|text| text.contains("TODO")) {
        say("something in it is still TODO");
    }
    if exercise.title.trim().is_empty() {
        say("has no title");
    }
    if exercise.minutes == 0 {
        say("takes no time");
    }
    if exercise.hints.is_empty() {
        say("has no hint");
    }
    if exercise.hints.iter().any(|hint| hint.trim().is_empty()) {
        say("has an empty hint");
    }
    if exercise.explanation.trim().is_empty() {
        say("has no explanation");
    }
    if let Err(what) = heading(&cargo::workspace().join("book/src"), &exercise.read) {
        say(&what);
    }
    match catalog.task(exercise) {
        Ok(task) if task.trim().is_empty() => say("its task is empty"),
        Ok(task) if exercise.from_python != task.contains("```python\n") => {
            say("a task from Python has a `python` block, and no other task has one");
        }
        Ok(_) => {}
        Err(error) => say(&error.to_string()),
    }
}

fn predict_problems(exercise: &Exercise, say: &mut impl FnMut(&str)) {
    if exercise.fails.is_some() || !exercise.attempts.is_empty() {
        say("a program to predict has no checks, so nothing `fails` and there are no attempts");
    }
    if exercise.choices.len() < 2 {
        say("leaves no choice");
    }
    if exercise.choices.iter().filter(|choice| choice.right).count() != 1 {
        say("exactly one choice is right");
    }
    let mut texts = HashSet::new();
    for (choice, letter) in exercise.choices.iter().zip('a'..) {
        if choice.letter != letter.to_string() {
            say("the letters are a, b, c and so on");
        }
        if choice.prints.is_some() == choice.not_promised {
            say("a choice either `prints` something or is `not_promised`");
        }
        if !texts.insert(choice.text()) {
            say("two choices claim the same");
        }
        let betrays = choice.misconception.as_deref().unwrap_or_default().trim();
        if betrays.is_empty() != choice.right {
            say("a wrong choice names its misconception, and the right one has none");
        }
    }
}

fn program_problems(exercise: &Exercise, say: &mut impl FnMut(&str)) {
    if exercise.fails.is_none() {
        say("does not say which check its starter `fails`");
    }
    if !exercise.choices.is_empty() || !exercise.variants.is_empty() {
        say("only a program to predict has choices and variants");
    }
    let mut names = HashSet::new();
    if !exercise.attempts.iter().all(|a| names.insert(&a.name)) {
        say("two attempts have the same name");
    }
}

/// Files that belong to no exercise, and files of an exercise that are missing.
fn stray_files(catalog: &Catalog, folder: &Path) -> Vec<String> {
    let mut wanted = HashSet::from([PathBuf::from("README.md")]);
    for exercise in catalog.exercises() {
        let folder = PathBuf::from(format!("{}/{}", exercise.slug, exercise.name));
        let mut want = |file: &str| wanted.insert(folder.join(file));
        want("exercise.toml");
        want("task.md");
        want("exercise.rs");
        if exercise.kind != Kind::Predict {
            want("check.rs");
            want("solution.rs");
        }
        for attempt in &exercise.attempts {
            want(&format!("attempts/{}.rs", attempt.name));
        }
    }
    let found = files(folder, folder);
    let stray = found
        .iter()
        .filter(|file| !wanted.contains(*file))
        .map(|file| format!("{}: belongs to no exercise", file.display()));
    let missing =
        wanted.iter().filter(|file| !found.contains(*file)).map(|file| format!("{}: is missing", file.display()));
    let mut problems: Vec<String> = stray.chain(missing).collect();
    problems.sort();
    problems
}

/// All files as paths relative to the folder.
fn files(root: &Path, folder: &Path) -> HashSet<PathBuf> {
    let mut found = HashSet::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let relative = path.strip_prefix(root).expect("below the root");
        if path.is_dir() {
            found.extend(files(root, &path));
        } else {
            found.insert(relative.to_path_buf());
        }
    }
    found
}

/// Breaks each rule in a copy, and expects exactly the complaint about it.
fn broken_rules_are_named() -> Result<(), Failed> {
    let broken = [
        ("minutes = 10", "minutes = 0", "gather_wait/late_tea: takes no time"),
        (
            "#cancelling",
            "#canceling",
            "gather_wait/late_tea: `gather_wait.md#canceling`: there is no such heading, or it does not end with `{#canceling}`",
        ),
        ("right = true", "", "gather_wait/late_tea: exactly one choice is right"),
        (
            "right = true",
            "misconception = \"\"",
            "gather_wait/late_tea: a wrong choice names its misconception, and the right one has none",
        ),
        ("letter = \"b\"", "letter = \"B\"", "gather_wait/late_tea: the letters are a, b, c and so on"),
        ("fails = \"overlap\"", "", "gather_wait/one_by_one: does not say which check its starter `fails`"),
        (
            "from_python = true",
            "from_python = false",
            "gather_wait/one_by_one: a task from Python has a `python` block, and no other task has one",
        ),
        ("kind = \"repair\"", "kind = \"predict\"", "gather_wait/one_by_one: leaves no choice"),
        (
            "closed\n\"\"\"",
            "closed\n\"\"\"\nnot_promised = true",
            "gather_wait/late_tea: a choice either `prints` something or is `not_promised`",
        ),
        (
            "not_promised = true",
            "prints = \"green is ready\\ntimed out\\nblack is ready\\nclosed\"",
            "gather_wait/late_tea: two choices claim the same",
        ),
        (
            "[[choice]]\nletter = \"a\"",
            "[[attempt]]\nname = \"one\"\n\n[[choice]]\nletter = \"a\"",
            "gather_wait/late_tea: a program to predict has no checks, so nothing `fails` and there are no attempts",
        ),
        (
            "explanation = \"\"\"",
            "explanation = \"\"\"\"\"\"\nfails = \"\"\"",
            "gather_wait/late_tea: has no explanation",
        ),
    ];
    for (from, to, complaint) in broken {
        let copy = Copy::of_model();
        let catalog = copy.catalog();
        let (exercise, _) = complaint.split_once(':').expect("an exercise");
        copy.replace(&format!("exercises/{exercise}/exercise.toml"), from, to);
        let found = match Catalog::open(copy.path()) {
            Ok(catalog) => problems(&catalog),
            Err(error) => vec![format!("{error:#}")],
        };
        if !found.iter().any(|found| found == complaint) {
            return Err(format!("should be said: {complaint}\nwas said: {found:#?}").into());
        }
        copy.write("exercises/gather_wait/letter.txt", "dear");
        let stray = stray_files(&catalog, &copy.path());
        if stray != ["gather_wait/letter.txt: belongs to no exercise"] {
            return Err(format!("{stray:#?}").into());
        }
    }
    let copy = Copy::of_model();
    let (from, to) = ("exercises/gather_wait/one_by_one", "exercises/queues/one_by_one");
    copy_folder(&copy.file(from), &copy.file(to));
    let found = problems(&copy.catalog());
    let complaint = "queues/one_by_one: another exercise has the same name";
    match found.iter().any(|found| found == complaint) {
        true => Ok(()),
        false => Err(format!("{found:#?}").into()),
    }
}
