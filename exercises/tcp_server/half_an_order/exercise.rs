/// How many bytes a line may have, without its end.
pub const LONGEST: usize = 32;

/// Cuts what a client sends into lines, and answers each.
#[derive(Debug, Default)]
pub struct Orders {
    rest: String,
}

impl Orders {
    /// Takes what has arrived, and gives an answer for every line that ends in it.
    pub fn receive(&mut self, data: &[u8]) -> Vec<String> {
        self.rest.push_str(&String::from_utf8_lossy(data));
        let answers = self.rest.lines().map(|line| format!("ordered: {line}"));
        let answers = answers.collect();
        self.rest.clear();
        answers
    }
}
