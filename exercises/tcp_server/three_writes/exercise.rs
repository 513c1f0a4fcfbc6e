use std::io;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};

/// The server's end of a connection into which a client has written three times.
async fn connection() -> io::Result<DuplexStream> {
    let (mut client, server) = duplex(64);
    for part in ["add 1 2\n", "ad", "d 3\nadd 4"] {
        client.write_all(part.as_bytes()).await?;
    }
    Ok(server) // The client is dropped here, so its stream ends.
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut server = connection().await?;
    let mut chunk = [0; 10];
    loop {
        let count = server.read(&mut chunk).await?;
        println!("read {:?}", String::from_utf8_lossy(&chunk[..count]));
        if count == 0 {
            break;
        }
    }
    let mut lines = BufReader::new(connection().await?).lines();
    while let Some(line) = lines.next_line().await? {
        println!("line {line:?}");
    }
    Ok(())
}
