//! What the compiler made of programs, kept so that no program is compiled twice.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::compiled::{Compiled, Diagnostic};
use crate::rename::rename;

/// The name of what the compiler makes.
pub fn executable_name() -> String {
    format!("program{}", env::consts::EXE_SUFFIX)
}

/// A folder of compiled programs, with one folder for each key.
///
/// An entry is made elsewhere and then renamed, so what lies here is whole.
#[derive(Debug, Serialize, Deserialize)]
pub struct Cache {
    folder: PathBuf,
}

const MESSAGES: &str = "messages.json";

impl Cache {
    /// Opens the folder, and makes it if there is none.
    pub fn open(folder: PathBuf) -> Result<Cache> {
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        Ok(Cache { folder })
    }

    /// Where everything lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Finds what was made under this key.
    pub fn find(&self, key: &str) -> Result<Option<Compiled>> {
        let entry = self.folder.join(key);
        if !entry.is_dir() {
            return Ok(None);
        }
        let file = entry.join(MESSAGES);
        let messages = fs::read(&file)
            .with_context(|| format!("cannot read {}: remove its folder", file.display()))?;
        let diagnostics = serde_json::from_slice(&messages)
            .with_context(|| format!("{} is broken: remove its folder", file.display()))?;
        let executable = entry.join(executable_name());
        Ok(Some(Compiled {
            executable: executable.exists().then_some(executable),
            diagnostics,
        }))
    }

    /// Makes a folder to compile these files in, each a path and a text, under the names that cargo would give them, so that messages are what a reader will see.
    pub fn work<'a>(&self, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<TempDir> {
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

    /// Keeps what was compiled in a folder of [`Cache::work`]; `success` is what the compiler's exit status says.
    pub fn keep(
        &self,
        key: &str,
        work: TempDir,
        success: bool,
        diagnostics: &[Diagnostic],
    ) -> Result<Compiled> {
        let made = work.path().join(executable_name()).exists();
        ensure!(
            success == made,
            "the compiler ended with {} and made {} executable",
            if success { "success" } else { "a failure" },
            if made { "an" } else { "no" }
        );
        fs::write(work.path().join(MESSAGES), serde_json::to_vec(diagnostics)?)
            .with_context(|| format!("cannot write to {}", self.folder.display()))?;
        let work = work.keep();
        let entry = self.folder.join(key);
        match rename(&work, &entry) {
            // Another process was faster with the same program.
            Err(_) if entry.is_dir() => fs::remove_dir_all(&work)?,
            result => result.with_context(|| format!("cannot make {}", entry.display()))?,
        }
        self.find(key)?
            .with_context(|| format!("{} was removed", entry.display()))
    }

    /// Removes every entry that `keep` does not want and that is older than the age.
    pub fn forget(&self, age: Duration, keep: impl Fn(&str) -> bool) -> Result<()> {
        let entries = fs::read_dir(&self.folder)
            .with_context(|| format!("cannot read the folder {}", self.folder.display()))?;
        for entry in entries.flatten() {
            // Another process may be compiling here, and takes its own folders away.
            let Ok(made) = entry.metadata().and_then(|data| data.modified()) else {
                continue;
            };
            let name = entry.file_name().to_string_lossy().into_owned();
            if !keep(&name) && made.elapsed().unwrap_or_default() > age {
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
    fn what_is_old_and_not_wanted_is_forgotten() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(folder.path().join("cache")).expect("a folder");
        let entries = || {
            let entries = fs::read_dir(cache.folder()).expect("a folder").flatten();
            let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
            names.sort();
            names
        };
        for name in ["old", "used"] {
            fs::create_dir(cache.folder().join(name)).expect("a folder");
        }
        cache.forget(Duration::MAX, |_| false).expect("a folder");
        assert_eq!(entries(), ["old", "used"]);
        cache
            .forget(Duration::ZERO, |name| name == "used")
            .expect("a folder");
        assert_eq!(entries(), ["used"]);
    }

    /// A server that starts must not fail because another one compiles something.
    #[test]
    fn what_comes_and_goes_meanwhile_is_no_mistake() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(folder.path().to_path_buf()).expect("a folder");
        thread::scope(|scope| {
            let busy = scope.spawn(|| {
                for _ in 0..300 {
                    drop(cache.work([("src/main.rs", "")]));
                }
            });
            while !busy.is_finished() {
                cache.forget(Duration::MAX, |_| false).expect("a folder");
            }
        });
    }
}
