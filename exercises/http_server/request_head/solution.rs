/// How many bytes a head may have, with its empty line.
pub const LIMIT: usize = 8192;

/// The beginning of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub method: String,
    pub path: String,
    /// How many bytes of body follow.
    pub body: usize,
    /// How many bytes the head took, with its empty line.
    pub taken: usize,
}

/// Looks for a head at the beginning of what has arrived; the error is the status for the client.
pub fn head(data: &[u8]) -> Result<Option<Head>, u16> {
    let Some(end) = data.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if data.len() < LIMIT {
            Ok(None)
        } else {
            Err(431)
        };
    };
    if end + 4 > LIMIT {
        return Err(431);
    }
    parse(&data[..end]).map(Some).ok_or(400)
}

/// Reads a whole head; `None` if it is none.
fn parse(data: &[u8]) -> Option<Head> {
    let mut lines = str::from_utf8(data).ok()?.split("\r\n");
    let words: Vec<&str> = lines.next()?.split(' ').collect();
    let [method, path, "HTTP/1.0" | "HTTP/1.1"] = words[..] else {
        return None;
    };
    if method.is_empty() || path.is_empty() {
        return None;
    }
    let mut body = None;
    for line in lines {
        let (name, value) = line.split_once(':')?;
        if name.is_empty() || name.contains(' ') {
            return None;
        }
        if name.eq_ignore_ascii_case("content-length") {
            let length = length(value.trim())?;
            if body.is_some_and(|other| other != length) {
                return None;
            }
            body = Some(length);
        }
    }
    Some(Head {
        method: method.to_owned(),
        path: path.to_owned(),
        body: body.unwrap_or(0),
        taken: data.len() + 4,
    })
}

fn length(value: &str) -> Option<usize> {
    // `parse` would take a plus sign, too, and a server before this one might not.
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|_| is_plain)
}
