//! A copy of the exercises as the authors wrote them, to be changed at will.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use workbook::exercises::catalog::{Catalog, Exercise};
use workbook::exercises::{Exercises, Places};
use workbook::programs::cargo;
use workbook::supervisor::limits::Limits;

use crate::lines::DEADLINE;

pub struct Copy {
    folder: TempDir,
}

impl Copy {
    pub fn new() -> Copy {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let from = cargo::workspace().join("exercises");
        copy_folder(&from, &folder.path().join("exercises"));
        Copy { folder }
    }

    /// A copy of the model chapter alone, for tests that name its exercises.
    pub fn of_model() -> Copy {
        let copy = Copy::new();
        for chapter in copy.catalog().chapters {
            if chapter.slug != "gather_wait" {
                fs::remove_dir_all(copy.path().join(&chapter.slug)).expect("a folder of the copy");
            }
        }
        copy
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("exercises")
    }

    /// The folder in which `exercises` and `work` lie.
    pub fn project(&self) -> &Path {
        self.folder.path()
    }

    /// A file of the copied project.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        let file = self.file(name);
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    #[track_caller]
    pub fn write(&self, name: &str, text: &str) {
        let file = self.file(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a writable folder");
        fs::write(file, text).expect("a writable folder");
    }

    #[track_caller]
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no `{from}`");
        self.write(name, &text.replacen(from, to, 1));
    }

    /// Puts the solution where the reader writes.
    #[track_caller]
    pub fn solve(&self, name: &str) {
        let solution = self.read(&format!("exercises/gather_wait/{name}/solution.rs"));
        self.write(&format!("work/gather_wait/{name}.rs"), &solution);
    }

    #[track_caller]
    pub fn catalog(&self) -> Catalog {
        Catalog::open(self.path()).expect("the exercises are part of the project")
    }

    pub fn exercises(&self) -> Exercises {
        Exercises::new(Places::of(self.project()), Limits::compiler())
    }

    /// The program with these arguments and this folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workbook"));
        command
            .args(args)
            .arg("--exercises")
            .arg(self.path())
            .arg("--work")
            .arg(self.file("work"))
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program starts")
    }

    /// Runs the program, which must succeed, and gives what it prints.
    #[track_caller]
    pub fn stdout(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs the program, which must fail, and gives what it prints, the error last.
    #[track_caller]
    pub fn refusal(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "{args:?}: {output:?}");
        let (stdout, stderr) = (&output.stdout, &output.stderr);
        String::from_utf8_lossy(stdout).into_owned() + &String::from_utf8_lossy(stderr)
    }

    pub fn remove(&self) {
        // The system empties its temporary folder if this does not.
        let _ = fs::remove_dir_all(self.folder.path());
    }
}

/// Copies everything but what a reader makes.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a temporary folder");
    for entry in fs::read_dir(from).expect("a folder of the project") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy_folder(&path, &to);
        } else if from.join("exercise.toml").exists() || from.ends_with("attempts") || path.ends_with("README.md") {
            fs::copy(&path, to).expect("a copy");
        }
    }
}

/// The exercise of that name in a copy.
#[track_caller]
pub fn find<'a>(catalog: &'a Catalog, name: &str) -> &'a Exercise {
    catalog.find(name).expect("an exercise of that name")
}

/// The check programs among the descendants of a process.
pub fn programs(of: u32) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc").expect("the processes").flatten() {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if let Some((start, rest)) = stat.rsplit_once(") ") {
            let (pid, name) = start.split_once(" (").expect("a name");
            let parent = rest.split(' ').nth(1).expect("a parent");
            all.push((pid.to_owned(), parent.to_owned(), name.to_owned()));
        }
    }
    let mut family = vec![of.to_string()];
    let mut found = Vec::new();
    while let Some(parent) = family.pop() {
        for (pid, _, name) in all.iter().filter(|(_, of, _)| *of == parent) {
            family.push(pid.clone());
            found.extend((name == "program").then(|| pid.clone()));
        }
    }
    found
}

/// Asks again and again until the answer is yes.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
