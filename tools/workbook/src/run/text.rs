//! Bytes that arrive in pieces, made into text.

/// Keeps the beginning of a character until the rest of it arrives.
#[derive(Debug, Default)]
pub struct Decoder {
    kept: Vec<u8>,
}

impl Decoder {
    /// Gives all complete characters; what is no text becomes the replacement character.
    pub fn decode(&mut self, bytes: &[u8]) -> String {
        self.kept.extend_from_slice(bytes);
        let mut text = String::new();
        let mut rest = self.kept.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    rest = after;
                    let Some(bad) = error.error_len() else { break };
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &rest[bad..];
                }
            }
        }
        self.kept = rest.to_vec();
        text
    }

    /// Gives what is left when no more bytes come.
    pub fn finish(&mut self) -> String {
        let kept = std::mem::take(&mut self.kept);
        String::from_utf8_lossy(&kept).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_in_two_pieces_stays_whole() {
        let mut decoder = Decoder::default();
        let [first, second] = ["é".as_bytes()[0], "é".as_bytes()[1]];
        assert_eq!(decoder.decode(&[b'a', first]), "a");
        assert_eq!(decoder.decode(&[second, b'b']), "éb");
        assert_eq!(decoder.finish(), "");
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.decode(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(decoder.decode(b"\xe2\x82"), "");
        assert_eq!(decoder.finish(), "\u{fffd}");
    }
}
