//! A calculator that talks in lines: bytes in, answers out. It knows nothing of sockets, so every server here can use it.

pub mod on_tokio;
pub mod ours;

use std::mem::{replace, take};
use std::num::IntErrorKind::{NegOverflow, PosOverflow};

pub const GREETING: &str = "Welcome. Commands: add NUMBER..., shutdown\n";

/// How long a line may be, without its end.
pub const LONGEST_LINE: usize = 1024;

/// One client's side of the talk.
#[derive(Default)]
pub struct Calculator {
    /// The beginning of a line whose end has not arrived.
    line: Vec<u8>,
    /// True while the rest of a line that is too long is passed over.
    too_long: bool,
}

/// What the client is told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answers {
    pub text: String,
    /// True if the client wants the server to end; what comes after that command is not answered.
    pub shutdown: bool,
}

// ANCHOR: receive
impl Calculator {
    /// Takes what has arrived, and answers every line that ends in it.
    pub fn receive(&mut self, data: &[u8]) -> Answers {
        let mut answers = Answers::default();
        for piece in data.split_inclusive(|byte| *byte == b'\n') {
            let part = piece.strip_suffix(b"\n").unwrap_or(piece);
            if self.line.len() + part.len() > LONGEST_LINE && !replace(&mut self.too_long, true) {
                answers.say(&format!("Error: a line has more than {LONGEST_LINE} bytes"));
                self.line.clear();
            }
            if !self.too_long {
                self.line.extend_from_slice(part);
            }
            if piece.ends_with(b"\n") && !take(&mut self.too_long) {
                answers.command(&take(&mut self.line));
            }
            if answers.shutdown {
                break;
            }
        }
        answers
    }
}
// ANCHOR_END: receive

// ANCHOR: command
impl Answers {
    fn command(&mut self, line: &[u8]) {
        let Ok(line) = std::str::from_utf8(line) else {
            return self.say("Error: the line is not UTF-8");
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [] => {}
            ["add", ref numbers @ ..] => match add(numbers) {
                Ok(sum) => self.say(&sum.to_string()),
                Err(error) => self.say(&format!("Error: {error}")),
            },
            ["shutdown"] => {
                self.say("Shutting down");
                self.shutdown = true;
            }
            _ => self.say(&format!("Invalid command: {}", line.trim())),
        }
    }

    fn say(&mut self, line: &str) {
        self.text += line;
        self.text.push('\n');
    }
}

fn add(numbers: &[&str]) -> Result<i64, String> {
    // A line has not nearly enough numbers for a sum that needs more than 128 bits.
    let mut sum = 0_i128;
    for number in numbers {
        let parsed = number.parse::<i64>();
        sum += i128::from(parsed.map_err(|error| match error.kind() {
            PosOverflow | NegOverflow => format!("{number} needs more than 64 bits"),
            _ => format!("{number} is not a whole number"),
        })?);
    }
    i64::try_from(sum).map_err(|_| "the sum needs more than 64 bits".to_owned())
}
// ANCHOR_END: command
