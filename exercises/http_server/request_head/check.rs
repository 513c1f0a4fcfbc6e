mod exercise;

use std::process::ExitCode;

use check::Checks;
use exercise::{Head, LIMIT, head};

type Seen = Result<Option<Head>, u16>;

fn found(method: &str, path: &str, body: usize, taken: usize) -> Seen {
    Ok(Some(Head {
        method: method.to_owned(),
        path: path.to_owned(),
        body,
        taken,
    }))
}

/// A head that has exactly so many bytes.
fn of_length(bytes: usize) -> Vec<u8> {
    let (start, end) = ("GET / HTTP/1.1\r\nx: ", "\r\n\r\n");
    let filling = "x".repeat(bytes - start.len() - end.len());
    format!("{start}{filling}{end}").into_bytes()
}

fn refused(checks: &mut Checks, id: &str, claim: &str, heads: &[&[u8]]) {
    let accepted = heads.iter().find(|data| head(data) != Err(400));
    let seen = accepted.map(|data| {
        let text = data.escape_ascii().to_string();
        format!("{:?} for {text}", head(data))
    });
    checks.that(
        id,
        claim,
        seen.is_none(),
        "Err(400)",
        seen.unwrap_or_default(),
    );
}

fn main() -> ExitCode {
    check::program(|checks| {
        let plain = b"GET /hello/7 HTTP/1.1\r\n\r\n";
        let expected = found("GET", "/hello/7", 0, plain.len());
        checks.equal(
            "plain",
            "a head of one line is found",
            &expected,
            &head(plain),
        );

        let whole = "POST /tea HTTP/1.0\r\nHost: a:80\r\nx-é: \r\nCONTENT-length:  12 \r\n\r\n";
        let whole = whole.as_bytes();
        let early = (0..whole.len()).find(|cut| head(&whole[..*cut]) != Ok(None));
        let seen = early.map(|cut| {
            let part = String::from_utf8_lossy(&whole[..cut]);
            format!("{:?} for {part:?}", head(&whole[..cut]))
        });
        checks.that(
            "half",
            "as long as the empty line may still come, there is no head and no error",
            seen.is_none(),
            "Ok(None)",
            seen.unwrap_or_default(),
        );
        let expected = found("POST", "/tea", 12, whole.len());
        checks.equal(
            "whole",
            "then it is found, with its length",
            &expected,
            &head(whole),
        );

        let followed = [whole, b"green tea, \xffGET / nonsense\r\n\r\n"].concat();
        checks.equal(
            "after",
            "what follows the head does not matter",
            &expected,
            &head(&followed),
        );

        let at_limit = of_length(LIMIT);
        let expected = found("GET", "/", 0, LIMIT);
        checks.equal(
            "limit",
            "a head may be as long as the limit",
            &expected,
            &head(&at_limit),
        );
        let too_long = of_length(LIMIT + 1);
        checks.equal(
            "limit",
            "a longer one is refused",
            &Err(431),
            &head(&too_long),
        );
        checks.equal(
            "limit",
            "one that is not whole yet is refused when it cannot fit any more",
            &[Ok(None), Err(431)],
            &[head(&at_limit[..LIMIT - 1]), head(&too_long[..LIMIT])],
        );
        let long_body = [&at_limit[..], &[b'x'; 3 * LIMIT]].concat();
        checks.equal(
            "limit",
            "a body does not count",
            &expected,
            &head(&long_body),
        );

        refused(
            checks,
            "line",
            "a first line that is none is refused",
            &[
                b"\r\n\r\n",
                b"GET /\r\n\r\n",
                b"GET / HTTP/1.1 again\r\n\r\n",
                b"GET  HTTP/1.1\r\n\r\n",
                b" / HTTP/1.1\r\n\r\n",
                b"GET / HTTP/2\r\n\r\n",
                b"GET / http/1.1\r\n\r\n",
                b"GET /\xff HTTP/1.1\r\n\r\n",
            ],
        );
        refused(
            checks,
            "headers",
            "a header line that is none is refused",
            &[
                b"GET / HTTP/1.1\r\nhost\r\n\r\n",
                b"GET / HTTP/1.1\r\n: x\r\n\r\n",
                b"GET / HTTP/1.1\r\nhost : x\r\n\r\n",
                b"GET / HTTP/1.1\r\nhost: x\r\n continued: y\r\n\r\n",
            ],
        );
        refused(
            checks,
            "length",
            "a length that is no plain number is refused",
            &[
                b"GET / HTTP/1.1\r\ncontent-length: five\r\n\r\n",
                b"GET / HTTP/1.1\r\ncontent-length:\r\n\r\n",
                b"GET / HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
                b"GET / HTTP/1.1\r\ncontent-length: +5\r\n\r\n",
                b"GET / HTTP/1.1\r\ncontent-length: 5, 5\r\n\r\n",
                b"GET / HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n",
            ],
        );
        refused(
            checks,
            "lengths",
            "two lengths that differ are refused",
            &[
                b"GET / HTTP/1.1\r\ncontent-length: 5\r\nContent-Length: 6\r\n\r\n",
                b"GET / HTTP/1.1\r\ncontent-length: 0\r\nContent-Length: 6\r\n\r\n",
            ],
        );
        let twice = b"GET / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\n";
        let expected = found("GET", "/", 5, twice.len());
        checks.equal(
            "lengths",
            "twice the same one is taken",
            &expected,
            &head(twice),
        );
    })
}
