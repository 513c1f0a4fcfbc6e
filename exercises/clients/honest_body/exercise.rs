use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

/// How many bytes a body may have.
pub const MOST: usize = 64;

/// How long the server may say nothing.
pub const SILENCE: Duration = Duration::from_secs(5);

/// Reads a body, for which the head of the answer has promised so many bytes, if it has promised any.
pub async fn body(
    reader: &mut (impl AsyncRead + Unpin),
    length: Option<usize>,
) -> io::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(length.unwrap_or(MOST));
    reader.read_to_end(&mut body).await?;
    Ok(body)
}
