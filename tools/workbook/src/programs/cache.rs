//! What the compiler made of programs, kept so that no program is compiled twice.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::compile::Compiled;
use crate::rename::rename;

/// What nobody has asked for in this time is forgotten.
const KEEP: Duration = Duration::from_secs(7 * 24 * 3600);

/// A folder of what the compiler made, with one folder for each key.
///
/// An entry is made elsewhere and then renamed, so what lies here is whole.
#[derive(Debug, Serialize, Deserialize)]
pub struct Cache {
    folder: PathBuf,
}

/// The file of an entry that says what else is in it; its time is that of the last question for the entry.
const RESULT: &str = "result.json";

impl Cache {
    /// Opens the folder, and makes it if there is none; what is old in it goes.
    pub fn open(folder: PathBuf) -> Result<Cache> {
        fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let cache = Cache { folder };
        cache.forget(KEEP)?;
        Ok(cache)
    }

    /// Finds what was made under this key.
    pub fn find(&self, key: &str) -> Result<Option<Compiled>> {
        let entry = self.folder.join(key);
        if !entry.is_dir() {
            return Ok(None);
        }
        let file = entry.join(RESULT);
        let result = fs::read(&file).with_context(|| format!("cannot read {}: remove its folder", file.display()))?;
        let mut compiled: Compiled = serde_json::from_slice(&result)
            .with_context(|| format!("{} is broken: remove its folder", file.display()))?;
        compiled.executable = compiled.executable.map(|made| entry.join(made));
        compiled.found = true;
        // Another process may have done the same in this moment.
        let _ = File::options().write(true).open(file).and_then(|file| file.set_modified(SystemTime::now()));
        Ok(Some(compiled))
    }

    /// Makes a folder to compile these files in, each a path and a text, under the names that cargo would give them, so that messages are what a reader will see.
    pub fn work(&self, files: &[(String, String)]) -> Result<TempDir> {
        let make = || -> io::Result<TempDir> {
            let work = tempfile::tempdir_in(&self.folder)?;
            fs::create_dir(work.path().join("src"))?;
            for (path, text) in files {
                fs::write(work.path().join(path), text)?;
            }
            Ok(work)
        };
        make().with_context(|| format!("cannot write to {}", self.folder.display()))
    }

    /// Keeps what was made in a folder of [`Cache::work`]; the executable is named as it is called there.
    pub fn keep(&self, key: &str, work: TempDir, compiled: &Compiled) -> Result<Compiled> {
        fs::write(work.path().join(RESULT), serde_json::to_vec(compiled)?)
            .with_context(|| format!("cannot write to {}", self.folder.display()))?;
        let work = work.keep();
        let entry = self.folder.join(key);
        match rename(&work, &entry) {
            // Another process was faster with the same program.
            Err(_) if entry.is_dir() => fs::remove_dir_all(&work)?,
            result => result.with_context(|| format!("cannot make {}", entry.display()))?,
        }
        let mut compiled = self.find(key)?.with_context(|| format!("{} was removed", entry.display()))?;
        compiled.found = false;
        Ok(compiled)
    }

    /// Removes every entry that nobody has asked for in this time.
    fn forget(&self, age: Duration) -> Result<()> {
        let entries =
            fs::read_dir(&self.folder).with_context(|| format!("cannot read the folder {}", self.folder.display()))?;
        for entry in entries.flatten() {
            // Another process may be compiling here, and takes its own folders away.
            let data = fs::metadata(entry.path().join(RESULT)).or_else(|_| entry.metadata());
            let Ok(used) = data.and_then(|data| data.modified()) else {
                continue;
            };
            if used.elapsed().unwrap_or_default() > age {
                // What cannot be removed takes space and nothing else.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_nobody_asks_for_is_forgotten() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(folder.path().join("cache")).expect("a folder");
        let long_ago = SystemTime::now() - 2 * KEEP;
        for key in ["old", "used"] {
            let work = cache.work(&[]).expect("a folder");
            let nothing = Compiled::default();
            cache.keep(key, work, &nothing).expect("a new key");
            let file = File::options().write(true).open(cache.folder.join(key).join(RESULT));
            let set = file.and_then(|file| file.set_modified(long_ago));
            set.expect("a file of our own");
        }
        let found = cache.find("used").expect("a whole entry");
        assert!(found.is_some_and(|compiled| compiled.found));
        let cache = Cache::open(cache.folder).expect("a folder");
        let entries = fs::read_dir(&cache.folder).expect("a folder").flatten();
        let names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        assert_eq!(names, ["used"]);
    }

    /// A server that starts must not fail because another one compiles something.
    #[test]
    fn what_comes_and_goes_meanwhile_is_no_mistake() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(folder.path().to_path_buf()).expect("a folder");
        thread::scope(|scope| {
            let busy = scope.spawn(|| {
                for _ in 0..300 {
                    drop(cache.work(&[]));
                }
            });
            while !busy.is_finished() {
                cache.forget(KEEP).expect("a folder");
            }
        });
    }
}
