mod exercise;

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use check::{Checks, Run};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// Longer than any right program takes.
const LIMIT: Duration = Duration::from_secs(5);

/// How a child ended: with a status, or by a signal; and how long that took.
type End = (Option<i32>, Option<i32>, Duration);

/// Starts a script of the shell, and waits until it says that it is ready.
async fn start(script: &str) -> io::Result<Child> {
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).kill_on_drop(true);
    let mut child = shell.stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let Some(output) = &mut child.stdout {
        BufReader::new(output).read_line(&mut line).await?;
    }
    Ok(child)
}

async fn end(mut child: Child, grace: Duration) -> io::Result<End> {
    let begin = Instant::now();
    let status: ExitStatus = exercise::end(&mut child, grace).await?;
    Ok((status.code(), status.signal(), begin.elapsed()))
}

/// A script that says that it is ready, and goes on until a signal ends it.
fn script(trap: &str) -> String {
    format!("{trap}; echo ready; while :; do sleep 0.01; done")
}

fn ended(
    checks: &mut Checks,
    (id, claim): (&str, &str),
    run: &Run<io::Result<End>>,
    expected: (Option<i32>, Option<i32>),
) {
    checks.equal_in(id, claim, run, &Ok(expected), |seen| {
        let seen = seen.as_ref().map(|(code, signal, _)| (*code, *signal));
        seen.map_err(ToString::to_string)
    });
}

/// Checks whether the end came before or after so long.
fn took(
    checks: &mut Checks,
    claim: &str,
    run: &Run<io::Result<End>>,
    before: bool,
    time: Duration,
) {
    let expected = if before { "less" } else { "no less" };
    let expected = format!("{expected} than {} s", time.as_secs_f64());
    checks.that_in("grace", claim, run, expected, |seen| match seen {
        Ok((_, _, took)) => (
            (*took < time) == before,
            format!("{} s", took.as_secs_f64()),
        ),
        Err(error) => (false, error.to_string()),
    });
}

fn main() -> ExitCode {
    check::program(|checks| {
        let grace = Duration::from_secs(2);
        for code in [3, 7] {
            let script = script(&format!("trap 'exit {code}' TERM"));
            let run = checks.in_real_time(LIMIT, async { end(start(&script).await?, grace).await });
            let claim = "a child that puts its things away ends with its own status";
            ended(checks, ("asked", claim), &run, (Some(code), None));
            took(checks, "it is not kept waiting", &run, true, grace);
        }
        let run = checks.in_real_time(LIMIT, async {
            end(start(&script(":")).await?, grace).await
        });
        let claim = "a child without a plan for that ends by SIGTERM, 15";
        ended(checks, ("asked", claim), &run, (None, Some(15)));

        let grace = Duration::from_millis(60);
        let deaf = script("trap '' TERM");
        let run = checks.in_real_time(LIMIT, async { end(start(&deaf).await?, grace).await });
        let claim = "a child that does not listen ends by SIGKILL, 9";
        ended(checks, ("killed", claim), &run, (None, Some(9)));
        took(checks, "it has its time before", &run, false, grace);

        let run = checks.in_real_time(LIMIT, async {
            let mut child = start("echo ready; exit 5").await?;
            child.wait().await?;
            end(child, grace).await
        });
        let claim = "a child that has ended before gives its status";
        ended(checks, ("before", claim), &run, (Some(5), None));
    })
}
