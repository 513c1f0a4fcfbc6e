use std::{io, process::Stdio};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A child that answers each line with a line.
pub struct Talk {
    child: Child,
    input: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Talk {
    /// Starts a script of the shell.
    pub fn start(script: &str) -> io::Result<Talk> {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).kill_on_drop(true);
        let mut child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().expect("it is piped");
        let output = child.stdout.take().expect("it is piped");
        let answers = BufReader::new(output).lines();
        Ok(Talk {
            child,
            input,
            answers,
        })
    }

    /// Sends a line, and gives the line that answers it.
    pub async fn ask(&mut self, question: &str) -> io::Result<String> {
        self.input.write_all(question.as_bytes()).await?;
        self.input.write_all(b"\n").await?;
        let answer = self.answers.next_line().await?;
        answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Says that no more will come, and gives the status with which the child ends.
    pub async fn close(self) -> io::Result<Option<i32>> {
        let Talk {
            mut child, input, ..
        } = self;
        drop(input);
        Ok(child.wait().await?.code())
    }
}
