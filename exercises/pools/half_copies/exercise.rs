use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use tokio::task::spawn_blocking;

/// What is copied; reading it may fail in the middle.
pub type Source = Box<dyn Read + Send>;

fn copy(mut source: Source, target: &Path) -> io::Result<()> {
    let mut file = File::create(target)?;
    io::copy(&mut source, &mut file)?;
    Ok(())
}

/// Copies each source to its target, and lists the targets that failed.
pub async fn copy_all(files: Vec<(Source, PathBuf)>) -> Vec<(PathBuf, io::Error)> {
    for (source, target) in files {
        let path = target.clone();
        let job = spawn_blocking(move || copy(source, &path));
        if let Err(error) = job.await.expect("a copy does not panic") {
            return vec![(target, error)];
        }
    }
    Vec::new()
}
