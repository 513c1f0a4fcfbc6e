//! The timeline of a run: what the program wrote of it, read and drawn.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use asyncio_trace::Source;
use asyncio_trace::figure::{self, MOST_SHOWN};
use asyncio_trace::spill::{self, Unreadable};
use tokio::task::spawn_blocking;

use serde::Serialize;

use crate::supervisor::End;
use crate::supervisor::limits::{Limits, bytes};

/// The variable by which a program hears that it is recorded, and where.
const VARIABLE: &str = "WORKBOOK_RECORD";

/// The longest record that a program is to write.
const MOST_BYTES: u64 = 4 << 20;

/// Room for the line that says that there would have been more.
const LAST_LINE: u64 = 1 << 10;

/// Why programs of four kinds have no timeline.
pub const NO_LOOP: &str = "There is no timeline, because this program uses neither asyncio nor Tokio.";
pub const NO_ASYNCIO: &str = "There is no timeline, because this program does not use asyncio.";
pub const OBSERVED: &str =
    "There is no timeline, because this program observes its loop itself, and a loop has one observer.";
pub const UNKNOWN: &str = "There is no timeline, because this program uses Tokio in a way that the recorder does not know. It ran without being recorded.";
const NOTHING: &str =
    "There is no timeline, because no loop ran and no task was started with `spawn`, a `JoinSet` or `block_on`.";
const NOTHING_IN_PYTHON: &str =
    "There is no timeline, because no loop ran, or one that is not asyncio's own, such as that of uvloop.";
const BROKEN: &str = "There is no timeline, because the record of this run cannot be read.";

/// What a run did on its loops.
#[derive(Debug, Serialize)]
pub struct Timeline {
    /// A fragment of HTML. All text of the program in it is escaped.
    pub figure: Option<String>,
    /// A sentence that says why there is no figure, or what it lacks.
    pub why: Option<String>,
}

/// The file that a program writes while it runs; it goes with the value.
pub struct Record {
    file: PathBuf,
}

impl Record {
    /// Names a file that does not exist: the program makes it, and then knows that no other process does.
    ///
    /// It does not lie in the program's own folder, which goes with the program.
    pub fn new(folder: &Path, number: u64) -> Record {
        Record { file: folder.join(format!("record-{number}")) }
    }

    /// What the program must be told.
    pub fn variable(&self, limits: &Limits) -> (String, String) {
        // The limit for files must not be what ends a program that is recorded.
        let bytes = MOST_BYTES.min(limits.file.saturating_sub(LAST_LINE));
        let wish = format!("{MOST_SHOWN} {bytes} {}", self.file.display());
        (VARIABLE.to_owned(), wish)
    }

    /// Draws what was recorded of this program.
    ///
    /// The file is what its messages call it.
    pub async fn draw(self, file: &'static str, code: String, caption: String) -> Timeline {
        let drawn = spawn_blocking(move || self.draw_now(file, &code, &caption)).await;
        // What a program writes must not be what ends the run; a panic has told its story on standard error.
        drawn.unwrap_or_else(|_| Timeline::without(BROKEN))
    }

    fn draw_now(&self, file: &str, code: &str, caption: &str) -> Timeline {
        let mut text = Vec::new();
        // The program may put there whatever it likes, also what would never be read to its end.
        let is_file = fs::metadata(&self.file).is_ok_and(|data| data.is_file());
        let record = if is_file { File::open(&self.file) } else { Err(ErrorKind::InvalidInput.into()) };
        let read = record.and_then(|record| record.take(2 * MOST_BYTES).read_to_end(&mut text));
        if read.is_err() {
            return Timeline::without(BROKEN);
        }
        let source = Source { file: file.to_owned(), first_line: 1, lines: code.lines().map(str::to_owned).collect() };
        match spill::read(&String::from_utf8_lossy(&text), &source) {
            Ok(runs) if runs.is_empty() && file.ends_with(".py") => Timeline::without(NOTHING_IN_PYTHON),
            Ok(runs) if runs.is_empty() => Timeline::without(NOTHING),
            Ok(runs) => Timeline { figure: Some(figure::html(&runs, caption, true)), why: None },
            Err(Unreadable::TooMany(most)) => Timeline::without(&format!(
                "There is no timeline, because this run has more than {most} events, which is more than a page can show. Make the run shorter."
            )),
            Err(Unreadable::TooLong(most)) => Timeline::without(&format!(
                "There is no timeline, because the record of this run has more than {}. Make the run shorter, or let it print less.",
                bytes(most)
            )),
            Err(Unreadable::Broken) => Timeline::without(BROKEN),
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // There is none if the program never began.
        let _ = fs::remove_file(&self.file);
    }
}

impl Timeline {
    /// Says why there is none.
    pub fn without(why: &str) -> Timeline {
        Timeline { figure: None, why: Some(why.to_owned()) }
    }
}

/// Says whether the timeline has all that the program wanted to do.
pub fn caption(end: &End) -> String {
    match (&end.message, end.status) {
        (None, Some(0)) => "What this run did.".to_owned(),
        (None, Some(status)) => {
            format!("What this run did until it ended with exit status {status}.")
        }
        (None, None) => "Cut short: what this run did until it was over.".to_owned(),
        (Some(message), _) => format!("Cut short: what this run did until {message}."),
    }
}
