use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tokio::sync::mpsc::Receiver;

/// Saves a download of so many bytes in a file; the pieces come out of a channel, which ends behind the last one.
pub async fn save(
    mut pieces: Receiver<io::Result<Vec<u8>>>,
    length: u64,
    path: &Path,
) -> io::Result<()> {
    let mut file = File::create(path)?;
    while let Some(piece) = pieces.recv().await {
        file.write_all(&piece?)?;
    }
    if file.metadata()?.len() != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
