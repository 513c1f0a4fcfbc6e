use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use tokio::task::spawn_blocking;

/// What is copied; reading it may fail in the middle.
pub type Source = Box<dyn Read + Send>;

/// Copies under a name that nobody takes for the file, and renames it when it is whole.
fn copy(mut source: Source, target: &Path) -> io::Result<()> {
    let mut part = target.as_os_str().to_owned();
    part.push(".part");
    let copied = File::create(&part)
        .and_then(|mut file| io::copy(&mut source, &mut file))
        .and_then(|_| fs::rename(&part, target));
    if copied.is_err() {
        let _ = fs::remove_file(&part); // It may not be there, and the first error says more.
    }
    copied
}

/// Copies each source to its target, and lists the targets that failed.
pub async fn copy_all(files: Vec<(Source, PathBuf)>) -> Vec<(PathBuf, io::Error)> {
    let copies: Vec<_> = files
        .into_iter()
        .map(|(source, target)| {
            let path = target.clone();
            (target, spawn_blocking(move || copy(source, &path)))
        })
        .collect();
    let mut failed = Vec::new();
    for (target, job) in copies {
        if let Err(error) = job.await.expect("a copy does not panic") {
            failed.push((target, error));
        }
    }
    failed
}
