mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::Checks;
use exercise::communicate;

/// Longer than any right program takes.
const LIMIT: Duration = Duration::from_secs(3);

/// Talks to a script, and compares the status and the lengths of what it wrote.
fn talk(
    checks: &mut Checks,
    (id, claim): (&str, &str),
    script: &str,
    data: &[u8],
    expected: (i32, usize, usize),
) {
    let run = checks.in_real_time(LIMIT, async {
        let said = communicate(script, data).await;
        let said = said.map(|said| (said.status, said.out.len(), said.err.len()));
        said.map_err(|error| error.to_string())
    });
    let (status, out, err) = expected;
    checks.value(id, claim, &run, &Ok((Some(status), out, err)));
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.in_real_time(LIMIT, async {
            let said = communicate("cat; echo oh >&2; exit 2", b"tea\n").await;
            let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
            let said = said.map(|said| (said.status, text(said.out), text(said.err)));
            said.map_err(|error| error.to_string())
        });
        checks.value(
            "few",
            "status, output and error output come back",
            &run,
            &Ok((Some(2), "tea\n".to_owned(), "oh\n".to_owned())),
        );
        let data = b"green tea\n".repeat(100_000);
        let long = ("many", "the child writes while it is still given its input");
        talk(checks, long, "cat", &data, (0, 1_000_000, 0));
        let both = ("both", "the child writes much on both ways out");
        let script = "head -c 300000 /dev/zero >&2; cat; head -c 300000 /dev/zero >&2";
        talk(checks, both, script, b"tea\n", (0, 4, 600_000));
        let deaf = ("deaf", "a child need not read its input");
        talk(checks, deaf, "exit 3", &data, (3, 0, 0));
    })
}
