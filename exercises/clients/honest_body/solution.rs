use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

/// How many bytes a body may have.
pub const MOST: usize = 64;

/// How long the server may say nothing.
pub const SILENCE: Duration = Duration::from_secs(5);

/// Reads a body, for which the head of the answer has promised so many bytes, if it has promised any.
pub async fn body(
    reader: &mut (impl AsyncRead + Unpin),
    length: Option<usize>,
) -> io::Result<Vec<u8>> {
    let bound = match length {
        Some(length) if length > MOST => return Err(ErrorKind::InvalidData.into()),
        Some(length) => length,
        // One byte more than allowed shows that there are too many.
        None => MOST + 1,
    };
    let mut body = Vec::new();
    let mut rest = reader.take(bound as u64);
    while timeout(SILENCE, rest.read_buf(&mut body)).await?? > 0 {}
    match length {
        Some(length) if body.len() < length => Err(ErrorKind::UnexpectedEof.into()),
        None if body.len() > MOST => Err(ErrorKind::InvalidData.into()),
        _ => Ok(body),
    }
}
