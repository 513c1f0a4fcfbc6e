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
    let text = str::from_utf8(data).map_err(|_| 400_u16)?;
    // Build it: this takes for granted that all has arrived, and that there are no headers.
    let words: Vec<&str> = text.trim_end().split(' ').collect();
    let [method, path, "HTTP/1.0" | "HTTP/1.1"] = words[..] else {
        return Err(400);
    };
    Ok(Some(Head {
        method: method.to_owned(),
        path: path.to_owned(),
        body: 0,
        taken: data.len(),
    }))
}
