//! Files that are read and written whole.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

/// Reads a file of text, or says which one cannot be read.
pub fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Replaces a file in one step, so that nobody ever sees half of it; a link stays one, and what it leads to is replaced.
pub fn write(file: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    let target = fs::canonicalize(file);
    let file = target.as_deref().unwrap_or(file);
    let written = temporary(file, text.as_ref())?;
    written.persist(file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}

/// Writes a file unless one of that name exists, and tells whether it did.
pub fn write_new(file: &Path, text: impl AsRef<[u8]>) -> Result<bool> {
    match temporary(file, text.as_ref())?.persist_noclobber(file) {
        Ok(_) => Ok(true),
        Err(_) if file.exists() => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot write {}", file.display())),
    }
}

fn temporary(file: &Path, text: &[u8]) -> Result<NamedTempFile> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".writing-");
        // A temporary file is its owner's alone; a reader's is as readable to others as the umask says.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut temporary = builder.tempfile_in(folder)?;
        temporary.write_all(text)?;
        if let Ok(old) = file.metadata() {
            temporary.as_file().set_permissions(old.permissions())?;
        }
        Ok(temporary)
    };
    write().with_context(|| format!("cannot write to {}", folder.display()))
}

/// Writes a copy under the first free name `NAME.bak-N`.
pub fn keep(file: &Path, text: &[u8]) -> Result<PathBuf> {
    for number in 1.. {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".bak-{number}"));
        let kept = PathBuf::from(name);
        if write_new(&kept, text)? {
            return Ok(kept);
        }
    }
    bail!("numbers do not end")
}

/// Names the content of a file, to notice that it has changed.
pub fn content_hash(text: impl AsRef<[u8]>) -> String {
    let hash = Sha256::digest(text);
    hash[..16].iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("class")).expect("a folder");
        fs::write(path("class/mine.rs"), "old").expect("a file");
        std::os::unix::fs::symlink("class/mine.rs", path("mine.rs")).expect("a link");
        write(&path("mine.rs"), "new").expect("a writable file");
        assert_eq!(read(&path("class/mine.rs")).expect("a file"), "new");
        assert!(path("mine.rs").symlink_metadata().expect("a link").is_symlink());
    }
}
