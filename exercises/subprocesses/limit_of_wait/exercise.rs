use std::{io, process::Stdio, time::Duration};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::{process::Command, time::timeout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "read word; echo \"$word is ready\""]);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = shell.spawn()?;
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();

    let first = timeout(Duration::from_millis(20), child.wait()).await;
    println!("ended in time: {}", first.is_ok());
    println!("sent: {}", input.write_all(b"tea\n").await.is_ok());
    println!("answer: {:?}", lines.next_line().await?);
    println!("status: {:?}", child.wait().await?.code());
    Ok(())
}
