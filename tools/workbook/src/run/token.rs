//! The secret that lets the reader's own page, and no other, run programs.
//!
//! It changes with every start and travels in the part of the address after `#`, which a browser sends to nobody.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use subtle::ConstantTimeEq;
use tempfile::NamedTempFile;

use super::origin::Origin;

/// A secret of 256 bits. It has no `Debug`, so that it cannot end up in a message.
pub struct Token {
    text: String,
}

impl Token {
    /// Takes a new secret from the operating system.
    pub fn new() -> Result<Token> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).context("the system gives no random numbers")?;
        let mut text = String::new();
        for byte in secret {
            write!(text, "{byte:02x}")?;
        }
        Ok(Token { text })
    }

    /// Compares in a time that does not tell how much is right.
    pub fn is(&self, given: &[u8]) -> bool {
        self.text.as_bytes().ct_eq(given).into()
    }

    /// The address that hands the secret to the page.
    pub fn address(&self, at: &Origin) -> String {
        format!("{}/#token={}", at.text, self.text)
    }

    /// Writes a page that leads to the address, which only this user can read and which goes with the value.
    ///
    /// The browser is opened with the name of this file, because everybody on the machine can read the arguments of a program.
    pub fn redirect_file(&self, folder: &Path, at: &Origin) -> Result<NamedTempFile> {
        // Only the owner may read it; that is how these files are made.
        let mut file = tempfile::Builder::new().prefix("open-").suffix(".html").tempfile_in(folder)?;
        let address = self.address(at);
        writeln!(
            file,
            "<!DOCTYPE html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\"><title>The workbook</title><meta http-equiv=\"refresh\" content=\"0;url={address}\"><a href=\"{address}\">Open the workbook</a>"
        )?;
        file.flush()?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tokens_differ_and_only_the_whole_one_is_right() {
        let (one, two) = (Token::new().expect("random"), Token::new().expect("random"));
        assert!(one.is(one.text.as_bytes()));
        for wrong in [two.text.as_bytes(), &one.text.as_bytes()[1..], b""] {
            assert!(!one.is(wrong));
        }
        assert_eq!(one.text.len(), 64);
    }

    #[cfg(unix)]
    #[test]
    fn the_redirect_file_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("a temporary folder");
        let token = Token::new().expect("random");
        let file = token.redirect_file(folder.path(), &Origin::own(1)[0]).expect("a file");
        let mode = file.path().metadata().expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let page = std::fs::read_to_string(file.path()).expect("a page");
        assert!(page.contains(&format!("url=http://127.0.0.1:1/#token={}\"", token.text)));
    }
}
