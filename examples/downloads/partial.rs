//! A file that is not complete yet.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::failure::Failure;

/// Gives the temporary name of a file.
pub fn part_of(target: &Path) -> PathBuf {
    with_ending(target, ".part")
}

/// Gives the name of the note that says of what the part is a part.
pub fn origin_of(target: &Path) -> PathBuf {
    with_ending(target, ".part.origin")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A download under a temporary name.
///
/// Invariant: nothing but `finish` makes a file under the final name, and it does so by one renaming.
///
/// A part whose version the server has named stays when the download ends early, with a note that holds its address and the
/// name of its version. Any other part is of no use later; it is removed when the value is dropped, and so after a failure,
/// a panic and a cancellation alike.
///
/// A production downloader would also lock the part against a second process.
pub struct Partial {
    target: PathBuf,
    url: String,
    /// The server's name for the version that the bytes belong to.
    version: Option<String>,
    length: u64,
    file: Option<File>,
    /// True while there is a part that nobody could go on with.
    is_useless: bool,
}

impl Partial {
    /// Looks what an earlier try has left.
    pub fn find(target: &Path, url: &str) -> Self {
        let note = fs::read_to_string(origin_of(target)).unwrap_or_default();
        let version = note
            .strip_prefix(url)
            .and_then(|rest| rest.strip_prefix('\n'));
        let length = fs::metadata(part_of(target)).map_or(0, |part| part.len());
        Partial {
            target: target.to_owned(),
            url: url.to_owned(),
            version: version.filter(|_| length > 0).map(str::to_owned),
            length: if version.is_some() { length } else { 0 },
            file: None,
            is_useless: false,
        }
    }

    /// Tells how many bytes are there.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Gives the version to ask for the rest of, if there is a beginning.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Begins to write the file from its first byte.
    pub fn start_afresh(&mut self, version: Option<String>) -> Result<(), Failure> {
        let (part, origin) = (part_of(&self.target), origin_of(&self.target));
        // The order matters: at no moment does a note stand beside bytes of another version.
        let _ = fs::remove_file(&origin);
        self.forget();
        self.file = Some(File::create(&part).map_err(Failure::of_file(&part))?);
        self.is_useless = true;
        if let Some(version) = version {
            let note = format!("{}\n{version}", self.url);
            fs::write(&origin, note).map_err(Failure::of_file(&origin))?;
            self.version = Some(version);
            self.is_useless = false;
        }
        Ok(())
    }

    /// Takes what is there for nothing.
    pub fn forget(&mut self) {
        self.length = 0;
        self.version = None;
    }

    /// Begins to write behind what is there.
    pub fn go_on(&mut self) -> Result<(), Failure> {
        let part = part_of(&self.target);
        let opened = OpenOptions::new().append(true).open(&part);
        self.file = Some(opened.map_err(Failure::of_file(&part))?);
        Ok(())
    }

    /// Writes on the loop's own thread: the system takes a few kilobytes into its memory in microseconds.
    ///
    /// With `tokio::fs` another thread would write, and go on after a cancellation, when the next try has begun.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let file = self.file.as_mut().expect("the part was opened");
        let written = file.write_all(bytes);
        written.map_err(Failure::of_file(&part_of(&self.target)))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    // ANCHOR: finish
    /// Gives the file its final name; a file that had it before is replaced.
    pub async fn finish(mut self) -> Result<u64, Failure> {
        let file = self.file.take().expect("the part was opened");
        // Until the disk has it, which takes milliseconds; without this, a power cut could leave the name and lose the bytes.
        let on_disk = spawn_blocking(move || file.sync_all());
        let on_disk = on_disk.await.expect("it does not panic");
        // No cancellation comes between here and the end, because nothing waits.
        let named = on_disk.and_then(|()| fs::rename(part_of(&self.target), &self.target));
        named.map_err(Failure::of_file(&self.target))?;
        self.is_useless = false;
        let _ = fs::remove_file(origin_of(&self.target));
        Ok(self.length)
    }
    // ANCHOR_END: finish
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.is_useless {
            // Windows does not remove an open file.
            drop(self.file.take());
            let _ = fs::remove_file(part_of(&self.target));
        }
    }
}
