//! What the compiler made of readers' programs, kept so that no program is compiled twice.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::programs::compiled::{Compiled, Diagnostic};
use crate::programs::recipe::SOURCE;

/// The name of what the compiler makes.
pub fn executable_name() -> String {
    format!("program{}", env::consts::EXE_SUFFIX)
}

/// A folder of compiled programs, with one folder for each key.
///
/// An entry is made elsewhere and then renamed, so what lies here is whole.
#[derive(Debug)]
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
        let executable = entry.join(executable_name());
        Ok(Some(Compiled {
            executable: executable.exists().then_some(executable),
            diagnostics: serde_json::from_slice(&messages)?,
        }))
    }

    /// Makes a folder to compile the program in, under the name that cargo would give it, so that messages are what a reader will see.
    pub fn work(&self, source: &str) -> Result<TempDir> {
        let work = tempfile::tempdir_in(&self.folder)?;
        fs::create_dir(work.path().join("src"))?;
        fs::write(work.path().join(SOURCE), source)?;
        Ok(work)
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
        fs::write(work.path().join(MESSAGES), serde_json::to_vec(diagnostics)?)?;
        let work = work.keep();
        let entry = self.folder.join(key);
        match fs::rename(&work, &entry) {
            // Another process was faster with the same program.
            Err(_) if entry.is_dir() => fs::remove_dir_all(&work)?,
            result => result.with_context(|| format!("cannot make {}", entry.display()))?,
        }
        self.find(key)?
            .with_context(|| format!("{} was removed", entry.display()))
    }

    /// Removes every entry that `keep` does not want and that is older than the age.
    pub fn forget(&self, age: Duration, keep: impl Fn(&str) -> bool) -> Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let since = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
            let name = entry.file_name().to_string_lossy().into_owned();
            if !keep(&name) && since > age {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}
