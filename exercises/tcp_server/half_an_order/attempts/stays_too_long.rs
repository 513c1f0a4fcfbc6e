//! Keeps as many bytes as the limit, and one more that says that a line is too long.

/// How many bytes a line may have, without its end.
pub const LONGEST: usize = 32;

/// Cuts what a client sends into lines, and answers each.
#[derive(Debug, Default)]
pub struct Orders(Vec<u8>);

impl Orders {
    /// Takes what has arrived, and gives an answer for every line that ends in it.
    pub fn receive(&mut self, data: &[u8]) -> Vec<String> {
        let answers = data.iter().filter_map(|byte| self.take(*byte));
        answers.collect()
    }

    fn take(&mut self, byte: u8) -> Option<String> {
        let is_long = self.0.len() > LONGEST;
        if byte == b'\n' {
            let line = std::mem::take(&mut self.0);
            return (!is_long).then(|| match str::from_utf8(&line) {
                Ok(line) => format!("ordered: {line}"),
                Err(_) => "not UTF-8".to_owned(),
            });
        }
        if is_long {
            return None;
        }
        self.0.push(byte);
        (self.0.len() > LONGEST).then(|| "too long".to_owned())
    }
}
