//! The exercises as their authors wrote them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

use super::files::read;
use crate::programs::cargo;
use crate::programs::chapter::{Heading, headings};

/// How alike a slip of the keyboard is to what was meant, where 1 is the same.
const LIKE: f64 = 0.75;

/// All exercises, in the order of the book.
#[derive(Clone, Debug)]
pub struct Catalog {
    folder: PathBuf,
    pub chapters: Vec<Chapter>,
}

/// The exercises of one chapter of the book.
#[derive(Clone, Debug)]
pub struct Chapter {
    pub slug: String,
    pub title: String,
    pub exercises: Vec<Exercise>,
}

/// What the `exercise.toml` in an exercise's folder says of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// The chapter's slug, which is the name of the folder around its folder.
    #[serde(skip)]
    pub slug: String,
    /// The name of its folder.
    #[serde(skip)]
    pub name: String,
    pub title: String,
    pub kind: Kind,
    pub minutes: u32,
    /// The file of the chapter and the heading, as in `gather_wait.md#cancelling`.
    pub read: String,
    /// The words of that heading, after the title of the chapter if it is another one.
    #[serde(skip)]
    pub read_title: String,
    /// Whether the task is to bring a Python program over.
    pub from_python: bool,
    /// The first check that the starter fails; an exercise to predict has none.
    pub fails: Option<String>,
    /// From the gentlest to the one that gives it away.
    pub hints: Vec<String>,
    /// Shown when the exercise is solved.
    pub explanation: String,
    /// What there is to choose from, if the exercise is to predict.
    #[serde(default, rename = "choice")]
    pub choices: Vec<Choice>,
    /// Changes to the program under which the tests look for other orders, if none is promised.
    #[serde(default, rename = "variant")]
    pub variants: Vec<Variant>,
    /// Programs of other shapes, with which the tests try the checks.
    #[serde(default, rename = "attempt")]
    pub attempts: Vec<Attempt>,
}

/// What the reader is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Say what a program prints.
    Predict,
    /// Find the mistake.
    Repair,
    /// Write what is missing.
    Build,
}

impl Exercise {
    /// Where to read, as a file of the project.
    pub fn read_file(&self) -> String {
        format!("book/src/{}", self.read)
    }
}

impl Kind {
    /// The kind as a word.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Predict => "predict",
            Kind::Repair => "repair",
            Kind::Build => "build",
        }
    }
}

/// One answer that a reader may give.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub letter: String,
    /// What the program prints, according to this choice.
    pub prints: Option<String>,
    /// Whether this is the answer that several orders are possible.
    #[serde(default)]
    pub not_promised: bool,
    #[serde(default)]
    pub right: bool,
    /// What somebody believes who chooses this, if it is wrong.
    pub misconception: Option<String>,
}

impl Choice {
    /// What the choice claims, as text for the reader.
    pub fn text(&self) -> &str {
        match &self.prints {
            Some(prints) => prints.trim_matches('\n'),
            None => "(several orders are possible; none is promised)",
        }
    }
}

/// A change to a program that must not change what it means, such as another number of threads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    pub replace: String,
    pub with: String,
}

/// What a reader may hand in, right or wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    pub name: String,
    /// The first check that it fails; without it, it passes.
    pub fails: Option<String>,
}

impl Catalog {
    /// Reads the exercises in this folder.
    pub fn open(folder: PathBuf) -> Result<Catalog> {
        let project = cargo::workspace();
        let titles = titles(&project.join("book/src/SUMMARY.md"))?;
        let mut chapters = Vec::new();
        for path in folders_in(&folder)? {
            let chapter = chapter(&path, &titles, &project.join("book/src"))?;
            if !chapter.exercises.is_empty() {
                chapters.push(chapter);
            }
        }
        ensure!(!chapters.is_empty(), "there are no exercises in {}", folder.display());
        let place = |slug: &str| titles.get(slug).map_or(usize::MAX, |(place, _)| *place);
        chapters.sort_by_key(|chapter| (place(&chapter.slug), chapter.slug.clone()));
        Ok(Catalog { folder, chapters })
    }

    /// The folder with everything in it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// All exercises in order.
    pub fn exercises(&self) -> impl Iterator<Item = &Exercise> {
        self.chapters.iter().flat_map(|chapter| &chapter.exercises)
    }

    /// Finds the exercise of that name; an unknown one is answered with the nearest, if one is near.
    pub fn find(&self, name: &str) -> Result<&Exercise> {
        if let Some(exercise) = self.exercises().find(|exercise| exercise.name == name) {
            return Ok(exercise);
        }
        let likeness = |exercise: &&Exercise| strsim::jaro_winkler(name, &exercise.name);
        let nearest = self
            .exercises()
            .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
            .filter(|nearest| likeness(nearest) > LIKE);
        match nearest {
            Some(nearest) => bail!("there is no exercise `{name}`: do you mean `{}`?", nearest.name),
            None => bail!("there is no exercise `{name}`: `cargo run -- exercises` lists them"),
        }
    }

    /// What is to be done, in words.
    pub fn task(&self, exercise: &Exercise) -> Result<String> {
        read(&self.part(exercise, "task.md"))
    }

    /// What the reader's file is at first.
    pub fn starter(&self, exercise: &Exercise) -> Result<String> {
        read(&self.part(exercise, "exercise.rs"))
    }

    /// The file with a solution; an exercise to predict has none.
    pub fn solution(&self, exercise: &Exercise) -> Result<String> {
        read(&self.part(exercise, "solution.rs"))
    }

    /// The program that checks the reader's.
    pub fn checks(&self, exercise: &Exercise) -> Result<String> {
        read(&self.part(exercise, "check.rs"))
    }

    /// A program with which the tests try the checks.
    pub fn attempt(&self, exercise: &Exercise, attempt: &Attempt) -> Result<String> {
        read(&self.part(exercise, &format!("attempts/{}.rs", attempt.name)))
    }

    /// Where a file of the authors' lies.
    pub fn part(&self, exercise: &Exercise, file: &str) -> PathBuf {
        let folder = self.folder.join(&exercise.slug).join(&exercise.name);
        folder.join(file)
    }
}

/// Reads the exercises of one chapter: first those to predict, then those to repair, then those to build, each kind in the order of the headings to read.
fn chapter(folder: &Path, titles: &HashMap<String, (usize, String)>, pages: &Path) -> Result<Chapter> {
    let slug = file_name(folder);
    let mut exercises = Vec::new();
    for folder in folders_in(folder)? {
        let file = folder.join("exercise.toml");
        if !file.is_file() {
            continue;
        }
        let mut exercise: Exercise = toml::from_str(&read(&file)?).with_context(|| format!("in {}", file.display()))?;
        exercise.slug.clone_from(&slug);
        exercise.name = file_name(&folder);
        let found = heading(pages, &exercise.read).ok();
        if let Some((Heading { words, .. }, title)) = &found {
            let elsewhere = !exercise.read.starts_with(&format!("{slug}.md#"));
            exercise.read_title = if elsewhere { format!("{title}: {words}") } else { words.clone() };
        }
        exercises.push((found.map(|(heading, _)| heading.line), exercise));
    }
    exercises.sort_by_cached_key(|(place, exercise)| (exercise.kind, *place, exercise.name.clone()));
    let exercises: Vec<Exercise> = exercises.into_iter().map(|(_, exercise)| exercise).collect();
    Ok(Chapter { title: titles.get(&slug).map_or_else(|| slug.clone(), |(_, title)| title.clone()), exercises, slug })
}

fn folders_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path()));
    let mut folders: Vec<PathBuf> = paths.collect::<Result<_>>()?;
    folders.retain(|path| path.is_dir());
    Ok(folders)
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Finds the heading that a link such as `gather_wait.md#cancelling` names, and the title of its chapter; or why there is none.
pub fn heading(pages: &Path, link: &str) -> Result<(Heading, String), String> {
    let (file, id) = link.split_once('#').ok_or(format!("`{link}` names no heading: write FILE.md#HEADING"))?;
    let text = fs::read_to_string(pages.join(file)).map_err(|_| format!("`{link}`: there is no such file"))?;
    let headings = headings(&text);
    let title = headings.first().map(|heading| heading.words.clone()).unwrap_or_default();
    let found = headings.into_iter().find(|heading| heading.id.as_deref() == Some(id));
    let found = found.ok_or(format!("`{link}`: there is no such heading, or it does not end with `{{#{id}}}`"))?;
    Ok((found, title))
}

/// The chapters' places and titles, by slug, as the book's table of contents has them.
fn titles(summary: &Path) -> Result<HashMap<String, (usize, String)>> {
    let text = read(summary)?;
    let mut titles = HashMap::new();
    let mut link: Option<(String, String)> = None;
    for event in Parser::new(&text) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                let stem = Path::new(&*dest_url).file_stem().unwrap_or_default();
                link = Some((stem.to_string_lossy().into_owned(), String::new()));
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, title)) = &mut link {
                    title.push_str(&text);
                }
            }
            Event::End(TagEnd::Link) => {
                if let Some((slug, title)) = link.take() {
                    titles.insert(slug, (titles.len(), title));
                }
            }
            _ => {}
        }
    }
    Ok(titles)
}
