//! Keeps a line that is too long to its end.

/// How many bytes a line may have, without its end.
pub const LONGEST: usize = 32;

/// Cuts what a client sends into lines, and answers each.
#[derive(Debug, Default)]
pub struct Orders {
    rest: Vec<u8>,
    refused: bool,
}

impl Orders {
    /// Takes what has arrived, and gives an answer for every line that ends in it.
    pub fn receive(&mut self, data: &[u8]) -> Vec<String> {
        let mut answers = Vec::new();
        for byte in data {
            if *byte == b'\n' {
                let line = String::from_utf8(std::mem::take(&mut self.rest));
                if !std::mem::take(&mut self.refused) {
                    answers.push(line.map_or("not UTF-8".to_owned(), |l| format!("ordered: {l}")));
                }
                continue;
            }
            self.rest.push(*byte);
            if self.rest.len() > LONGEST && !self.refused {
                self.refused = true;
                answers.push("too long".to_owned());
            }
        }
        answers
    }
}
