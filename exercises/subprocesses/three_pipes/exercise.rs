use std::{io, process::Stdio};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// How a child ended, and what it wrote.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub status: Option<i32>,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

/// Runs a script of the shell: gives it its input, and collects all that it writes.
pub async fn communicate(script: &str, data: &[u8]) -> io::Result<Said> {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).kill_on_drop(true);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = shell.stderr(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().expect("it is piped");
    let mut output = child.stdout.take().expect("it is piped");
    let mut error = child.stderr.take().expect("it is piped");

    input.write_all(data).await?;
    drop(input); // Or the child would wait for more.
    let (mut out, mut err) = (Vec::new(), Vec::new());
    output.read_to_end(&mut out).await?;
    error.read_to_end(&mut err).await?;
    let status = child.wait().await?.code();
    Ok(Said { status, out, err })
}
