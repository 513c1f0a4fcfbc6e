//! The private folder of one server: its pages, and the folders of its runs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::supervisor::supervise::make_private;

const PREFIX: &str = "asyncio-workbook-";

/// Held by the server as long as it lives, however it ends.
const LOCK: &str = "lock";

/// A folder that only this user can read; it goes with the value.
pub struct Scratch {
    /// Goes first, because not every Windows removes a file that is open; who sweeps in that moment does the same work.
    lock: Mutex<File>,
    folder: TempDir,
}

impl Scratch {
    /// Makes the folder in the system's temporary folder, and removes what servers left there that were killed.
    pub fn new() -> Result<Scratch> {
        Scratch::new_in(&std::env::temp_dir())
    }

    fn new_in(place: &Path) -> Result<Scratch> {
        let old = abandoned(place);
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.tempdir_in(place).context("cannot make a temporary folder")?;
        let lock = Mutex::new(take_lock(folder.path())?);
        for folder in old {
            // It may be another user's, or gone.
            let _ = fs::remove_dir_all(folder);
        }
        Ok(Scratch { lock, folder })
    }

    /// Makes the folder again if somebody has removed it, as some systems do with what is old.
    pub fn make_again(&self) -> Result<()> {
        make_private(self.path())?;
        if !self.path().join(LOCK).exists() {
            *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = take_lock(self.path())?;
        }
        Ok(())
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn take_lock(folder: &Path) -> Result<File> {
    // Under its own name it is never seen free while this server lives.
    let new = folder.join("new-lock");
    let lock = File::create(&new)?;
    // A folder without a lock would only be swept too early.
    let _ = lock.lock();
    fs::rename(new, folder.join(LOCK))?;
    Ok(lock)
}

/// The folders of servers that have ended.
fn abandoned(place: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(place) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        // A link of somebody else's may lead anywhere.
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .filter(|folder| is_abandoned(folder))
        .collect()
}

fn is_abandoned(folder: &Path) -> bool {
    let is_free = |lock: File| lock.try_lock().is_ok();
    is_own(folder) && File::open(folder.join(LOCK)).is_ok_and(is_free)
}

#[cfg(unix)]
fn is_own(folder: &Path) -> bool {
    let own = rustix::process::getuid().as_raw();
    let owner = folder.metadata().map(|data| std::os::unix::fs::MetadataExt::uid(&data));
    owner.is_ok_and(|owner| owner == own)
}

/// Elsewhere the folder for temporary files is the user's own.
#[cfg(not(unix))]
fn is_own(_folder: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folder_of_a_server_that_ended_is_swept() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let alive = Scratch::new_in(place.path()).expect("a folder");
        let dead = place.path().join(format!("{PREFIX}dead"));
        fs::create_dir_all(dead.join("run-1")).expect("a folder");
        fs::write(dead.join(LOCK), "").expect("a file");
        let foreign = place.path().join("something-else");
        fs::create_dir(&foreign).expect("a folder");
        let new = Scratch::new_in(place.path()).expect("a folder");
        assert!(!dead.exists());
        assert!(alive.path().is_dir() && new.path().is_dir() && foreign.is_dir());
        let path = new.path().to_path_buf();
        drop(new);
        assert!(!path.exists());
    }
}
