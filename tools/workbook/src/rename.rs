//! Renaming folders.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How often it is tried on Windows, and how long it waits in between: a second together.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// Gives a folder another name, which nothing else has.
///
/// On Windows a folder keeps its name as long as somebody has a file in it open, and scanners for viruses open every new one for a moment.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    let tries = if cfg!(windows) { TRIES } else { 1 };
    patiently(tries, PAUSE, || {
        match fs::rename(from, to) {
            // It would be in vain.
            Err(error) if to.exists() => Err(io::Error::new(ErrorKind::AlreadyExists, error)),
            result => result,
        }
    })
}

/// Tries until it is not refused any more, and gives the last answer.
fn patiently(tries: u32, pause: Duration, mut attempt: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    for _ in 1..tries {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => thread::sleep(pause),
            result => return result,
        }
    }
    attempt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(times: u32, with: ErrorKind) -> (Result<(), ErrorKind>, u32) {
        let mut made = 0;
        let result = patiently(3, Duration::ZERO, || {
            made += 1;
            if made <= times { Err(with.into()) } else { Ok(()) }
        });
        (result.map_err(|error| error.kind()), made)
    }

    #[test]
    fn only_what_is_refused_is_tried_again() {
        let (refused, full) = (ErrorKind::PermissionDenied, ErrorKind::StorageFull);
        assert_eq!(fails(0, refused), (Ok(()), 1));
        assert_eq!(fails(2, refused), (Ok(()), 3));
        assert_eq!(fails(9, refused), (Err(refused), 3));
        assert_eq!(fails(2, full), (Err(full), 1));
    }

    #[test]
    fn a_name_that_is_taken_is_an_error() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        for name in ["new", "old", "old/file"] {
            fs::create_dir(path(name)).expect("a folder");
        }
        let error = rename(&path("new"), &path("old")).expect_err("it is taken");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        rename(&path("new"), &path("other")).expect("it is free");
        assert!(path("other").is_dir() && !path("new").exists());
    }
}
