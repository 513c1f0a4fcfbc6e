//! Making the files of something new, in which `TODO` marks what must be filled in.
//!
//! All of it works as it stands: examples, exercises and cases pass their tests, but for a test that finds a `TODO`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};

use crate::exercises::catalog::Kind;
use crate::exercises::files::{read, write, write_new};
use crate::programs::cargo;
use crate::programs::python::Python;

/// What to make.
#[derive(Debug, Args)]
pub struct New {
    #[command(subcommand)]
    what: What,

    /// The project's folder, for tests
    #[arg(long, value_name = "DIR", hide = true, global = true)]
    project: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A chapter, with an example, its Python twin and what both print
    Chapter {
        /// The name of its files, as in `gather_wait`
        slug: String,
        /// What the reader calls it, as in "Gather and wait"
        title: String,
    },
    /// An exercise, with its checks and a solution
    Exercise {
        /// The chapter that it belongs to, as in `gather_wait`
        chapter: String,
        /// Its name, as in `one_by_one`
        name: String,
        /// What the reader is to do
        #[arg(long, value_enum, default_value = "build")]
        kind: Kind,
    },
    /// A program whose recorded run a chapter shows
    Scenario {
        /// The chapter that shows it, as in `gather_wait`
        chapter: String,
        /// Its name, as in `three_teas`
        name: String,
    },
    /// A small program whose trace was seen on CPython
    Case {
        /// Its letter and number, as in `G01`; the letter says what it is about
        code: String,
    },
}

impl New {
    /// Makes the files, and says what is left to do.
    pub fn run(self) -> Result<()> {
        let mut draft =
            Draft { project: self.project.unwrap_or_else(cargo::workspace), changed: Vec::new(), made: Vec::new() };
        let next = match &self.what {
            What::Chapter { slug, title } => draft.chapter(slug, title)?,
            What::Exercise { chapter, name, kind } => draft.exercise(chapter, name, *kind)?,
            What::Scenario { chapter, name } => draft.scenario(chapter, name)?,
            What::Case { code } => draft.case(code)?,
        };
        draft.write()?;
        println!("\nFill in what is marked TODO. Then: {next}");
        Ok(())
    }
}

/// What will be written, once all of it is known to be possible.
struct Draft {
    project: PathBuf,
    made: Vec<(String, String)>,
    changed: Vec<(String, String)>,
}

impl Draft {
    fn chapter(&mut self, slug: &str, title: &str) -> Result<String> {
        plain(slug)?;
        // Simplification: whoever has no Python is not told.
        let is_module = Python::find().is_ok_and(|python| python.has_module(slug) == Ok(true));
        ensure!(!is_module, "`{slug}` is a module of Python's, and examples/{slug}.py would hide it from every twin");
        let is_quiet = !title.trim().is_empty() && !title.contains(['"', '\\', '|', '[', ']', '\n']);
        ensure!(is_quiet, "`{title}` is no title: it is a few words without quotes, brackets and bars");
        let values = [("slug", slug), ("title", title)];
        let page = fill(include_str!("../templates/chapter.md"), &values);
        self.make(format!("book/src/{slug}.md"), page)?;
        for (kind, template) in [
            ("rs", include_str!("../templates/example.rs")),
            ("py", include_str!("../templates/example.py")),
            ("txt", include_str!("../templates/example.txt")),
        ] {
            self.make(format!("examples/{slug}.{kind}"), fill(template, &values))?;
        }
        let summary = read(&self.project.join("book/src/SUMMARY.md"))?;
        let is_chapter = |line: &&str| line.starts_with("- [");
        let last = summary.lines().rfind(is_chapter).context("the book has no chapter")?;
        self.insert("book/src/SUMMARY.md", last, &format!("\n- [{title}]({slug}.md)"))?;
        let row = format!(
            "| [{title}](book/src/{slug}.md) | – | [`{slug}.rs`](examples/{slug}.rs), [`.py`](examples/{slug}.py) | – |\n"
        );
        let readme = read(&self.project.join("README.md"))?;
        let last = readme.lines().rfind(|line| line.starts_with("| [") && line.contains("](book/src/"));
        let last = last.context("README.md has no map")?;
        self.insert("README.md", &format!("{last}\n"), &row)?;
        let manifest = read(&self.project.join("Cargo.toml"))?;
        let (_, last) = manifest.rsplit_once("[[example]]\n").context("Cargo.toml names no example")?;
        let last = last.lines().next().unwrap_or_default();
        self.insert("Cargo.toml", last, &format!("\n\n[[example]]\nname = \"{slug}\""))?;
        Ok(format!(
            "put the chapter where it belongs in book/src/SUMMARY.md, name its concepts in book/src/rows.md, `cargo test -p workbook --test book {slug}`"
        ))
    }

    fn exercise(&mut self, chapter: &str, name: &str, kind: Kind) -> Result<String> {
        plain(name)?;
        self.find(&format!("book/src/{chapter}.md"))?;
        let (about, exercise) = match kind {
            Kind::Predict => (include_str!("../templates/predict.toml"), include_str!("../templates/predict.rs")),
            Kind::Repair => (include_str!("../templates/repair.toml"), include_str!("../templates/repair.rs")),
            Kind::Build => (include_str!("../templates/build.toml"), include_str!("../templates/build.rs")),
        };
        let mut make = |file: &str, text: &str| {
            let text = fill(text, &[("chapter", chapter)]);
            self.make(format!("exercises/{chapter}/{name}/{file}"), text)
        };
        make("exercise.toml", about)?;
        make("task.md", include_str!("../templates/task.md"))?;
        make("exercise.rs", exercise)?;
        if kind != Kind::Predict {
            make("check.rs", include_str!("../templates/check.rs"))?;
            make("solution.rs", include_str!("../templates/solution.rs"))?;
        }
        Ok(format!("`cargo test -p workbook --test exercises {name}`"))
    }

    fn scenario(&mut self, chapter: &str, name: &str) -> Result<String> {
        plain(name)?;
        self.find(&format!("book/src/{chapter}.md"))?;
        let text = include_str!("../templates/scenario.rs").to_owned();
        self.make(format!("tools/recorded/scenarios/{chapter}/{name}.rs"), text)?;
        let list = "tools/recorded/scenarios/main.rs";
        let block = format!("\n    {chapter} {{\n");
        let entry = format!("        steps [{name}];\n");
        if read(&self.project.join(list))?.contains(&block) {
            self.insert(list, &block, &entry)?;
        } else {
            let block = format!("{}{entry}    }}\n", &block[1..]);
            self.insert(list, "\nscenarios! {\n", &block)?;
        }
        Ok(format!(
            "`cargo run -p recorded --bin record`, and show it in the chapter as `{{{{#include ../figures/{chapter}-{name}.html}}}}`"
        ))
    }

    fn case(&mut self, code: &str) -> Result<String> {
        let is_code = code.len() == 3
            && code.starts_with(|letter: char| letter.is_ascii_uppercase())
            && code[1..].chars().all(|digit| digit.is_ascii_digit());
        ensure!(is_code, "`{code}` is no case: write a letter and two digits, as in `G01`");
        let cases = read(&self.project.join("tests/cases/cases.md"))?;
        ensure!(!cases.contains(&format!("\n## {code} ·")), "there is a case {code}");
        let letter = &code[..1];
        let name = code.to_lowercase();
        let values = [("code", code), ("name", name.as_str())];
        // In words, after the last of its letter.
        let (_, last) = cases
            .rsplit_once(&format!("\n## {letter}"))
            .with_context(|| format!("no case begins with {letter}: write the first by hand"))?;
        let last = last.split("\n## ").next().unwrap_or(last);
        let text = fill(include_str!("../templates/case.md"), &values);
        self.insert("tests/cases/cases.md", last, &format!("\n{}", text.trim_end_matches('\n')))?;
        for (folder, kind, mark, template) in [
            ("tests/cases/cases_py", "py", format!("@case(\"{letter}"), include_str!("../templates/case.py")),
            ("tests/cases", "rs", format!("fn {}0", letter.to_lowercase()), include_str!("../templates/case.rs")),
        ] {
            let file = self.last_with(folder, kind, &mark)?;
            let text = read(&self.project.join(&file))?;
            self.changed.push((file, text + &fill(template, &values)));
        }
        Ok(format!("`cargo test --test cases {name}`"))
    }

    /// The file of this kind in the folder that holds the mark most often.
    fn last_with(&self, folder: &str, kind: &str, mark: &str) -> Result<String> {
        let mut best: Option<(usize, String)> = None;
        for entry in fs::read_dir(self.project.join(folder))? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != kind) {
                continue;
            }
            let count = read(&path)?.matches(mark).count();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if count > best.as_ref().map_or(0, |(most, _)| *most) {
                best = Some((count, format!("{folder}/{name}")));
            }
        }
        let (_, file) = best.with_context(|| format!("no file in {folder} has `{mark}`"))?;
        Ok(file)
    }

    fn find(&self, file: &str) -> Result<()> {
        ensure!(self.project.join(file).is_file(), "there is no {file}");
        Ok(())
    }

    fn make(&mut self, file: String, text: String) -> Result<()> {
        ensure!(!self.project.join(&file).exists(), "{file} exists already");
        self.made.push((file, text));
        Ok(())
    }

    /// Puts the text after the last place where the mark stands.
    fn insert(&mut self, file: &str, mark: &str, text: &str) -> Result<()> {
        let old = read(&self.project.join(file))?;
        let at = old.rfind(mark).with_context(|| format!("{file} has no `{}`", mark.trim()))?;
        let (before, after) = old.split_at(at + mark.len());
        self.changed.push((file.to_owned(), format!("{before}{text}{after}")));
        Ok(())
    }

    fn write(self) -> Result<()> {
        for (file, text) in &self.made {
            let path = self.project.join(file);
            fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
            ensure!(write_new(&path, text)?, "{file} exists already");
            println!("made    {file}");
        }
        for (file, text) in &self.changed {
            write(&self.project.join(file), text)?;
            println!("changed {file}");
        }
        Ok(())
    }
}

fn plain(name: &str) -> Result<()> {
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    ensure!(is_plain, "`{name}` is no name: it is made of a to z, 0 to 9 and _");
    Ok(())
}

fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = template.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{{{name}}}}}"), value);
    }
    text
}
