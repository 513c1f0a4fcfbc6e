use std::mem::take;

/// How many bytes a line may have, without its end.
pub const LONGEST: usize = 32;

/// Cuts what a client sends into lines, and answers each.
#[derive(Debug, Default)]
pub struct Orders {
    /// The beginning of a line whose end has not arrived.
    rest: Vec<u8>,
    /// True while the rest of a line that is too long is passed over.
    too_long: bool,
}

impl Orders {
    /// Takes what has arrived, and gives an answer for every line that ends in it.
    pub fn receive(&mut self, data: &[u8]) -> Vec<String> {
        let mut answers = Vec::new();
        for piece in data.split_inclusive(|byte| *byte == b'\n') {
            let (part, is_end) = match piece.strip_suffix(b"\n") {
                Some(part) => (part, true),
                None => (piece, false),
            };
            if !self.too_long && self.rest.len() + part.len() > LONGEST {
                answers.push("too long".to_owned());
                self.too_long = true;
                self.rest.clear();
            }
            if !self.too_long {
                self.rest.extend_from_slice(part);
            }
            if is_end && !take(&mut self.too_long) {
                answers.push(answer(take(&mut self.rest)));
            }
        }
        answers
    }
}

fn answer(line: Vec<u8>) -> String {
    match String::from_utf8(line) {
        Ok(line) => format!("ordered: {line}"),
        Err(_) => "not UTF-8".to_owned(),
    }
}
