mod exercise;

use std::io::ErrorKind;
use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use exercise::{MOST, SILENCE};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::sleep;

/// What the server does behind the last piece.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Closes,
    /// The connection stays open, as it does for the next answer.
    Stays,
}

type Seen = (Result<String, ErrorKind>, String);

/// Reads a body from a server that sends a piece each so many seconds; gives it, and what is left on the connection.
fn body(
    checks: &mut Checks,
    pieces: &'static [&'static str],
    pause: Duration,
    then: Then,
    length: Option<usize>,
) -> Run<Seen> {
    checks.on_tokio(async move {
        let (mut server, mut client) = duplex(64 * 1024);
        let serve = async {
            for piece in pieces {
                sleep(pause).await;
                // It fails if the client has given up.
                let _ = server.write_all(piece.as_bytes()).await;
            }
            (then == Then::Stays).then_some(server)
        };
        let read = async {
            let body = exercise::body(&mut client, length).await;
            let body = body.map(|body| String::from_utf8_lossy(&body).into_owned());
            body.map_err(|error| error.kind())
        };
        let (server, body) = tokio::join!(serve, read);
        drop(server);
        let mut rest = String::new();
        let _ = client.read_to_string(&mut rest).await;
        (body, rest)
    })
}

fn is(
    checks: &mut Checks,
    id: &str,
    claim: &str,
    run: &Run<Seen>,
    expected: Result<&str, ErrorKind>,
) {
    let expected = expected.map(str::to_owned);
    checks.equal_in(id, claim, run, &expected, |(body, _)| body.clone());
}

fn main() -> ExitCode {
    check::program(|checks| {
        let second = Duration::from_secs(1);
        let run = body(checks, &["green", " tea!"], second, Then::Closes, Some(10));
        is(
            checks,
            "whole",
            "a whole body is given",
            &run,
            Ok("green tea!"),
        );
        let run = body(checks, &["green", " te"], second, Then::Closes, Some(10));
        let short = Err(ErrorKind::UnexpectedEof);
        is(checks, "short", "half a body is an error", &run, short);
        let run = body(checks, &[], second, Then::Closes, Some(1));
        is(checks, "short", "so is no body at all", &run, short);

        let run = body(checks, &["green tea!HTTP"], second, Then::Stays, Some(10));
        is(
            checks,
            "exact",
            "a body ends after its length",
            &run,
            Ok("green tea!"),
        );
        let claim = "what follows stays on the connection";
        let expected = "HTTP".to_owned();
        checks.equal_in("exact", claim, &run, &expected, |(_, rest)| rest.clone());
        checks.elapsed(
            "exact",
            "nobody waits for the end of the connection",
            &run,
            second,
        );
        let run = body(checks, &[], second, Then::Stays, Some(0));
        is(
            checks,
            "empty",
            "a body of no bytes is there at once",
            &run,
            Ok(""),
        );
        checks.elapsed("empty", "no time passes for it", &run, Duration::ZERO);

        let run = body(checks, &["green", " tea"], second, Then::Closes, None);
        is(
            checks,
            "end",
            "without a length it goes up to the end",
            &run,
            Ok("green tea"),
        );

        let run = body(checks, &["x", "y", "z"], 4 * second, Then::Closes, Some(3));
        is(
            checks,
            "slow",
            "a slow server is waited for",
            &run,
            Ok("xyz"),
        );
        let run = body(checks, &["x"], 4 * second, Then::Stays, Some(3));
        let silent = Err(ErrorKind::TimedOut);
        is(
            checks,
            "silence",
            "a silent server is given up",
            &run,
            silent,
        );
        checks.elapsed(
            "silence",
            "the silence counts from the last byte",
            &run,
            4 * second + SILENCE,
        );
        let run = body(checks, &["x"], 4 * second, Then::Stays, None);
        is(checks, "silence", "without a length, too", &run, silent);

        static LARGE: [&str; 1] = [const { str_of(&[b'x'; MOST]) }];
        static TOO_LARGE: [&str; 1] = [const { str_of(&[b'x'; MOST + 1]) }];
        let run = body(checks, &LARGE, second, Then::Closes, None);
        is(
            checks,
            "large",
            "a body may be as large as the limit",
            &run,
            Ok(LARGE[0]),
        );
        let run = body(checks, &LARGE, second, Then::Closes, Some(MOST));
        is(checks, "large", "with a length, too", &run, Ok(LARGE[0]));
        let too_large = Err(ErrorKind::InvalidData);
        let run = body(checks, &TOO_LARGE, second, Then::Closes, None);
        is(
            checks,
            "too_large",
            "a larger one is an error",
            &run,
            too_large,
        );
        let run = body(checks, &TOO_LARGE, second, Then::Stays, None);
        is(
            checks,
            "too_large",
            "also while its end has not come, which may never come",
            &run,
            too_large,
        );
        let claim = "nobody waits for more then";
        checks.elapsed("too_large", claim, &run, second);
        let run = body(checks, &TOO_LARGE, second, Then::Closes, Some(usize::MAX));
        is(
            checks,
            "too_large",
            "if it is only promised, too",
            &run,
            too_large,
        );
        let claim = "then no byte is read";
        checks.equal_in("too_large", claim, &run, &(MOST + 1), |(_, rest)| {
            rest.len()
        });
    })
}

const fn str_of(bytes: &'static [u8]) -> &'static str {
    match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("it is ASCII"),
    }
}
