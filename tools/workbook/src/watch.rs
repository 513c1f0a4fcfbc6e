//! Noticing that a file has changed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Saving one file makes many notices; this long without one counts as the end of them.
const QUIET: Duration = Duration::from_millis(100);

/// Tells when any of some files or folders changes.
pub struct Changes {
    notices: mpsc::UnboundedReceiver<()>,
    // Notices end when it is dropped.
    _watcher: RecommendedWatcher,
}

impl Changes {
    /// Starts to watch files, and folders with all that is in them; those that do not exist are left out.
    pub fn of(sources: Vec<PathBuf>) -> Result<Changes> {
        let (sender, notices) = mpsc::unbounded_channel();
        // On some systems notices name files by their full paths.
        let sources: Vec<PathBuf> = sources.iter().filter_map(|source| full_path(source).ok()).collect();
        let watched = sources.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let relevant = event.is_ok_and(|event| {
                // Building the book reads the files, which is no change.
                !event.kind.is_access()
                    && event.paths.iter().any(|path| watched.iter().any(|source| path.starts_with(source)))
            });
            if relevant {
                // Nobody listens any more when the program is about to end.
                let _ = sender.send(());
            }
        })
        .context("cannot watch files for changes")?;
        for source in &sources {
            match source.parent() {
                // Editors replace a file, and a watch on the old one would end.
                Some(folder) if source.is_file() => watcher.watch(folder, RecursiveMode::NonRecursive),
                _ => watcher.watch(source, RecursiveMode::Recursive),
            }
            .with_context(|| format!("cannot watch {} for changes", source.display()))?;
        }
        Ok(Changes { notices, _watcher: watcher })
    }

    /// Waits for a change, and for the end of the changes that come with it.
    pub async fn next(&mut self) -> Option<()> {
        self.notices.recv().await?;
        while let Ok(Some(())) = timeout(QUIET, self.notices.recv()).await {}
        Some(())
    }
}

/// An absolute path without symbolic links.
pub fn full_path(path: &Path) -> io::Result<PathBuf> {
    let full = fs::canonicalize(path)?;
    // Windows answers with a form of path that not every program understands.
    let text = full.to_string_lossy();
    Ok(match text.strip_prefix(r"\\?\") {
        Some(plain) if !plain.starts_with("UNC") => PathBuf::from(plain),
        _ => full,
    })
}
