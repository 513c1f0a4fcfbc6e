use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc::Receiver;

/// Saves a download of so many bytes in a file; the pieces come out of a channel, which ends behind the last one.
pub async fn save(
    mut pieces: Receiver<io::Result<Vec<u8>>>,
    length: u64,
    path: &Path,
) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = Part(name.into());
    let mut file = File::create(&part.0)?;
    while let Some(piece) = pieces.recv().await {
        file.write_all(&piece?)?;
    }
    if file.metadata()?.len() != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    fs::rename(&part.0, path)
}

/// A file that is not whole, and is removed if it stays so.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // After the renaming there is none of this name.
        let _ = fs::remove_file(&self.0);
    }
}
