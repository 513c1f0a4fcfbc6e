//! What the reader has done so far, in one plain file that several programs may write.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::files;

/// The file with the progress, in the reader's folder.
///
/// Every change is made to what the file holds at that moment, under a lock that the operating system takes away from a program that ends.
/// So two writers never undo each other's work, and one that is killed leaves the file as it was.
#[derive(Clone, Debug)]
pub struct Progress {
    folder: PathBuf,
}

/// The content of the file.
///
/// What a newer version of this program wrote beside it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    #[serde(default)]
    pub exercises: BTreeMap<String, Entry>,
    #[serde(flatten)]
    other: BTreeMap<String, serde_json::Value>,
}

/// What was done about one exercise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// How often it was checked or answered.
    pub attempts: u32,
    /// How many hints were shown.
    pub hints: usize,
    /// When it was first solved since the last reset, in seconds since 1970 in UTC.
    pub solved_at: Option<u64>,
    /// Whether the solution was shown before it was solved.
    pub solution_seen: bool,
    #[serde(flatten)]
    other: BTreeMap<String, serde_json::Value>,
}

impl Entry {
    /// Notes that the exercise is solved; the first time counts.
    pub fn solve(&mut self) {
        self.solved_at
            .get_or_insert_with(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()));
    }
}

impl Progress {
    /// The progress that is kept in this folder.
    pub fn in_folder(folder: &Path) -> Progress {
        Progress { folder: folder.to_path_buf() }
    }

    fn file(&self) -> PathBuf {
        self.folder.join("progress.json")
    }

    /// Reads the whole record; a broken file is set aside, and standard error says so.
    pub fn read(&self) -> Result<Record> {
        let _lock = self.lock()?;
        self.load()
    }

    /// Changes the entry of one exercise, and gives it as it is then.
    pub fn update(&self, name: &str, change: impl FnOnce(&mut Entry)) -> Result<Entry> {
        let _lock = self.lock()?;
        let mut record = self.load()?;
        let entry = record.exercises.entry(name.to_owned()).or_default();
        change(entry);
        let entry = entry.clone();
        let text = serde_json::to_string_pretty(&record)? + "\n";
        files::write(&self.file(), text)?;
        Ok(entry)
    }

    /// Waits until no other program reads or writes; the lock goes with the value.
    fn lock(&self) -> Result<File> {
        // A file of its own, because the other one is replaced with each change.
        let path = self.folder.join("progress.lock");
        let lock = || -> io::Result<File> {
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().with_context(|| format!("cannot lock {}", path.display()))
    }

    fn load(&self) -> Result<Record> {
        let file = self.file();
        let text = match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Record::default()),
            text => text.with_context(|| format!("cannot read {}", file.display()))?,
        };
        match serde_json::from_slice(&text) {
            Ok(record) => Ok(record),
            Err(error) => {
                let aside = self.set_aside()?;
                eprintln!(
                    "note: the progress in {} cannot be read ({error}): it is kept as {}, and a new file begins",
                    file.display(),
                    aside.display()
                );
                Ok(Record::default())
            }
        }
    }

    fn set_aside(&self) -> Result<PathBuf> {
        let aside = (1..)
            .map(|n| self.folder.join(format!("progress.broken-{n}.json")))
            .find(|path| !path.exists())
            .context("numbers do not end")?;
        // Under the lock, so nobody else takes the same name.
        fs::rename(self.file(), &aside).with_context(|| format!("cannot rename {}", self.file().display()))?;
        Ok(aside)
    }
}
