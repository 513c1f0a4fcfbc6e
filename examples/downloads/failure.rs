//! What can go wrong with a download.

use std::error::Error;
use std::fmt::{self, Display};
use std::io;
use std::iter;
use std::path::{Path, PathBuf};

use reqwest::StatusCode;

/// Says why a download failed, in one sentence; `source` says more where the system or the HTTP library does.
#[derive(Debug)]
pub enum Failure {
    /// The text is no address that this program can ask.
    Address(String),
    Connect(reqwest::Error),
    /// The server is not who it claims to be, or nobody says that it is.
    Untrusted(reqwest::Error),
    TimedOut,
    /// The connection ended before the answer began.
    Lost(reqwest::Error),
    NotHttp(reqwest::Error),
    TooManyRedirects,
    /// The server answered, but not with the file.
    Status(StatusCode),
    /// The connection ended in the middle of the file.
    Cut {
        received: u64,
        expected: Option<u64>,
    },
    /// The file cannot be written; the server is not to blame.
    File {
        path: PathBuf,
        error: io::Error,
    },
}

// ANCHOR: worth
impl Failure {
    /// Tells whether the same request may well succeed a moment later.
    pub fn is_worth_a_retry(&self) -> bool {
        match self {
            Failure::Connect(_) | Failure::TimedOut | Failure::Lost(_) | Failure::Cut { .. } => {
                true
            }
            Failure::Status(status) => matches!(status.as_u16(), 408 | 429 | 500 | 502..=504),
            Failure::Untrusted(_) | Failure::NotHttp(_) | Failure::TooManyRedirects => false,
            Failure::Address(_) | Failure::File { .. } => false,
        }
    }
}
// ANCHOR_END: worth

impl Failure {
    /// Names the file in an error of the system.
    pub fn of_file(path: &Path) -> impl FnOnce(io::Error) -> Failure {
        move |error| Failure::File {
            path: path.to_owned(),
            error,
        }
    }

    /// Writes the sentence with all that is known of its cause, for a terminal.
    pub fn in_full(&self) -> String {
        let mut parts = vec![self.to_string()];
        // The library's own sentence repeats the address; what lies below it is the news.
        parts.extend(causes(self).last().map(|cause| cause.to_string()));
        parts.join(": ")
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Address(why) => f.write_str(why),
            Failure::Connect(_) => f.write_str("cannot connect"),
            Failure::Untrusted(_) => f.write_str("no secure connection"),
            Failure::TimedOut => f.write_str("no answer in time"),
            Failure::Lost(_) => f.write_str("the connection was lost"),
            Failure::NotHttp(_) => f.write_str("the answer is not HTTP"),
            Failure::TooManyRedirects => f.write_str("too many redirects"),
            Failure::Status(status) => write!(f, "the server answered {status}"),
            Failure::Cut { received, expected } => {
                write!(f, "the connection ended after {received} ")?;
                match expected {
                    Some(expected) => write!(f, "of {expected} bytes"),
                    None => f.write_str("bytes"),
                }
            }
            Failure::File { path, .. } => write!(f, "cannot write {}", path.display()),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Failure::Connect(error)
            | Failure::Untrusted(error)
            | Failure::Lost(error)
            | Failure::NotHttp(error) => Some(error),
            Failure::File { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// Gives what an error was caused by, and what that was caused by, down to the root.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(error.source(), |&error| {
        // What an `io::Error` was made of is not its source.
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inside) => Some(inside),
            None => error.source(),
        }
    })
}

/// What the HTTP library reports before the body of an answer begins.
impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        let is_no_http = causes(&error)
            .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
            .any(hyper::Error::is_parse);
        let is_untrusted = causes(&error).any(|cause| cause.is::<rustls::Error>());
        if error.is_timeout() {
            Failure::TimedOut
        } else if error.is_connect() && is_untrusted {
            Failure::Untrusted(error)
        } else if error.is_connect() {
            Failure::Connect(error)
        } else if error.is_redirect() {
            Failure::TooManyRedirects
        } else if error.is_builder() {
            Failure::Address(error.to_string())
        } else if is_no_http {
            Failure::NotHttp(error)
        } else {
            Failure::Lost(error)
        }
    }
}
