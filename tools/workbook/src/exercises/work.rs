//! The reader's folder, `work/`: a package of cargo's, so that an editor completes and checks in it.
//!
//! Every file is a target of its own, so that a mistake in one exercise hides no message about another.
//! The authors' checks and solutions are targets, too: an editor knows a file only if it belongs to a package.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use super::catalog::{Catalog, Exercise, Kind};
use super::files::{content_hash, keep, read, write, write_new};
use super::progress::Progress;
use crate::programs::cargo;
use crate::watch::full_path;

/// The package that names the crates which an exercise may use.
const PROGRAMS: &str = "tools/programs";

/// The package without its dependencies and targets.
const PACKAGE: &str = r#"[package]
name = "work"
version = "0.0.0"
edition = "2024"
publish = false
autobins = false
autoexamples = false

# It is no member of the project: what is begun here must not be in the way there.
[workspace]
"#;

/// What the reader has made of the exercises.
#[derive(Clone, Debug)]
pub struct Work {
    folder: PathBuf,
}

impl Work {
    /// The reader's files in this folder; [`Work::keep_up`] makes it.
    pub fn in_folder(folder: PathBuf) -> Work {
        Work { folder }
    }

    /// The file that the reader edits.
    pub fn file(&self, exercise: &Exercise) -> PathBuf {
        let chapter = self.folder.join(&exercise.slug);
        chapter.join(format!("{}.rs", exercise.name))
    }

    /// The file's name as messages show it.
    pub fn shown(exercise: &Exercise) -> String {
        format!("work/{}/{}.rs", exercise.slug, exercise.name)
    }

    /// Where the reader's answer to an exercise to predict is kept.
    pub fn answer_file(&self, exercise: &Exercise) -> PathBuf {
        self.file(exercise).with_extension("answer")
    }

    /// Where the reader's progress is kept.
    pub fn progress(&self) -> Progress {
        Progress::in_folder(&self.folder)
    }

    /// Makes of the folder what it should be for these exercises: a package with a file for each.
    ///
    /// What the reader has written is never touched; what earlier editions of the workbook kept beside the authors' files moves here.
    pub fn keep_up(&self, catalog: &Catalog) -> Result<()> {
        for chapter in &catalog.chapters {
            let folder = self.folder.join(&chapter.slug);
            fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        self.take_over(catalog.folder())?;
        self.follow(catalog)?;
        for exercise in catalog.exercises() {
            let file = self.file(exercise);
            if !file.exists() {
                write_new(&file, catalog.starter(exercise)?)?;
            }
        }
        self.write_package(&full_path(&cargo::workspace())?, catalog)
    }

    /// Takes over files and progress from where they were kept before.
    fn take_over(&self, authors: &Path) -> Result<()> {
        let mut folders = vec![authors.to_path_buf()];
        folders.extend(entries(authors)?.into_iter().filter(|path| path.is_dir()));
        for folder in folders {
            let inside = folder.strip_prefix(authors).unwrap_or(&folder);
            for old in entries(&folder)?.into_iter().filter(|path| path.is_file()) {
                let name = old.file_name().unwrap_or_default();
                let shown = name.to_string_lossy();
                let is_readers = shown.ends_with(".rs")
                    || shown.contains(".rs.bak-")
                    || shown.ends_with(".answer")
                    || shown.starts_with("progress.");
                if is_readers {
                    take(&old, &self.folder.join(inside).join(name))?;
                }
            }
        }
        Ok(())
    }

    /// Moves the files of exercises that have come to another chapter; no two exercises have one name.
    fn follow(&self, catalog: &Catalog) -> Result<()> {
        for chapter in &catalog.chapters {
            for old in entries(&self.folder.join(&chapter.slug))? {
                let name = old.file_name().unwrap_or_default();
                let exercise = name.to_string_lossy().split('.').next().and_then(|name| catalog.find(name).ok());
                let moved = exercise.filter(|exercise| exercise.slug != chapter.slug);
                if let (Some(exercise), true) = (moved, old.is_file()) {
                    take(&old, &self.folder.join(&exercise.slug).join(name))?;
                }
            }
        }
        Ok(())
    }

    /// Writes the package's manifest and its lock file, if they are not up to date.
    fn write_package(&self, project: &Path, catalog: &Catalog) -> Result<()> {
        let lock = read(&project.join("Cargo.lock"))?;
        let manifest = format!(
            "# The workbook makes this file and keeps it up, with what Cargo.lock should be; it changes when that of the project does: {}\n\n{}",
            content_hash(&lock),
            self.manifest(project, catalog)?
        );
        let file = self.folder.join("Cargo.toml");
        if fs::read_to_string(&file).is_ok_and(|now| now == manifest) {
            return Ok(());
        }
        // The very versions that are here already, so that nothing is fetched.
        write(&self.folder.join("Cargo.lock"), lock)?;
        write(&self.folder.join(".gitignore"), "/target\n/progress.lock\n")?;
        write(&file, manifest)
    }

    fn manifest(&self, project: &Path, catalog: &Catalog) -> Result<String> {
        let target = |name: String, path: &Path, is_program: bool| {
            let mut target = Table::new();
            target.insert("name".to_owned(), name.into());
            target.insert("path".to_owned(), self.relative(project, path).into());
            if !is_program {
                target.insert("crate-type".to_owned(), vec!["lib"].into());
            }
            Value::from(target)
        };
        let (mut programs, mut others) = (Vec::new(), Vec::new());
        for exercise in catalog.exercises() {
            let (name, file) = (exercise.name.clone(), self.file(exercise));
            let part = |what: &str, is_program| {
                let path = catalog.part(exercise, &format!("{what}.rs"));
                target(format!("{}-{what}", exercise.name), &path, is_program)
            };
            if exercise.kind == Kind::Predict {
                programs.push(target(name, &file, true));
                others.push(part("exercise", true));
            } else {
                others.push(target(name, &file, false));
                // It has the starter for its module.
                others.push(part("check", true));
                others.push(part("solution", false));
            }
        }
        let dependencies = table([("dependencies", self.dependencies(project)?.into())]);
        let targets = table([("bin", programs.into()), ("example", others.into())]);
        Ok(format!("{PACKAGE}\n{}\n{}", toml::to_string(&dependencies)?, toml::to_string(&targets)?))
    }

    /// The crates that an exercise may use, as the project names them.
    fn dependencies(&self, project: &Path) -> Result<Table> {
        let manifest = |folder: &Path| -> Result<Table> {
            let file = folder.join("Cargo.toml");
            toml::from_str(&read(&file)?).with_context(|| format!("in {}", file.display()))
        };
        let programs = project.join(PROGRAMS);
        let shared = &manifest(project)?["workspace"]["dependencies"];
        let mut dependencies = Table::new();
        for (name, own) in manifest(&programs)?["dependencies"].as_table().into_iter().flatten() {
            let mut own = match own {
                Value::Table(own) => own.clone(),
                version => table([("version", version.clone())]),
            };
            let (mut entry, home) = match own.remove("workspace") {
                None => (Table::new(), &*programs),
                Some(_) => match shared.get(name) {
                    Some(Value::Table(entry)) => (entry.clone(), project),
                    Some(version) => (table([("version", version.clone())]), project),
                    None => bail!("Cargo.toml names no version of {name}"),
                },
            };
            for (key, value) in own {
                match (entry.get_mut(&key), value) {
                    (Some(Value::Array(all)), Value::Array(more)) => all.extend(more),
                    (_, value) => drop(entry.insert(key, value)),
                }
            }
            if let Some(Value::String(path)) = entry.get_mut("path") {
                let full = full_path(&home.join(&*path)).with_context(|| format!("there is no {path} for {name}"))?;
                *path = self.relative(project, &full);
            }
            dependencies.insert(name.clone(), entry.into());
        }
        Ok(dependencies)
    }

    /// A path as the manifest names it: relative, so that the project may move with what lies in it.
    fn relative(&self, project: &Path, path: &Path) -> String {
        let (inside, up) = match path.strip_prefix(&self.folder) {
            Ok(inside) => (Some(inside), ""),
            Err(_) if self.folder.parent() == Some(project) => (path.strip_prefix(project).ok(), ".."),
            Err(_) => (None, ""),
        };
        let path = inside.map_or_else(|| path.to_path_buf(), |inside| Path::new(up).join(inside));
        // Cargo wants these on every system.
        let path = path.to_string_lossy().replace('\\', "/");
        path.trim_end_matches('/').to_owned()
    }
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Moves a file, unless something else of that name is there: then it is kept beside that.
fn take(old: &Path, new: &Path) -> Result<()> {
    let Ok(text) = fs::read(old) else {
        // Another process was faster.
        return Ok(());
    };
    if let Some(folder) = new.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    if !write_new(new, &text)? && fs::read(new).ok().as_ref() != Some(&text) {
        keep(new, &text)?;
    }
    match fs::remove_file(old) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", old.display()))
        }
        _ => Ok(()),
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}
