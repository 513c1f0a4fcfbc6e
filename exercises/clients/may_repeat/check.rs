mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Result, create_task, get_running_loop, sleep, timeout};
use check::{Checks, Run};
use exercise::{Failure, send};

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Notes the second, and then fails or gives `tea`; a request takes no time.
async fn ask(answer: Option<Failure>) -> Result<&'static str> {
    let now = get_running_loop()?.time().as_secs_f64();
    check::note(format!("{now} s"));
    match answer {
        Some(failure) => Err(failure.into()),
        None => Ok("tea"),
    }
}

/// Sends with so many tries; the answers are these failures in turn, and then the tea.
fn sends(
    checks: &mut Checks,
    method: &'static str,
    tries: u32,
    failures: Vec<Failure>,
) -> Run<std::result::Result<&'static str, String>> {
    let mut failures = failures.into_iter();
    checks.on_loop(async move {
        let answer = send(method, tries, async || ask(failures.next()).await).await;
        Ok(answer.map_err(|error| error.to_string()))
    })
}

fn main() -> ExitCode {
    use Failure::{Busy, Lost, Refused};
    check::program(|checks| {
        let run = sends(checks, "POST", 3, vec![]);
        checks.trace("once", "what succeeds is sent once", &run, &["0 s"]);
        checks.value("once", "the answer is given", &run, &Ok("tea"));

        let run = sends(checks, "GET", 5, vec![Busy(None), Lost, Busy(None)]);
        let expected = ["0 s", "1 s", "3 s", "7 s"];
        checks.trace("pauses", "the pauses grow", &run, &expected);
        checks.value("pauses", "the answer is given in the end", &run, &Ok("tea"));
        let run = sends(checks, "HEAD", 8, vec![Lost; 6]);
        let expected = ["0 s", "1 s", "3 s", "7 s", "15 s", "25 s", "35 s"];
        checks.trace(
            "longest",
            "no pause is longer than the longest",
            &run,
            &expected,
        );

        let run = sends(checks, "GET", 3, vec![Lost, Lost, Busy(Some(seconds(9)))]);
        checks.trace(
            "tries",
            "it is sent as often as allowed",
            &run,
            &["0 s", "1 s", "3 s"],
        );
        let busy = Err("busy".to_owned());
        checks.value("tries", "the last error is given", &run, &busy);
        checks.elapsed(
            "tries",
            "no pause comes after the last try",
            &run,
            seconds(3),
        );

        let run = sends(checks, "GET", 5, vec![Refused]);
        let refused = Err("refused".to_owned());
        checks.value(
            "refused",
            "what is refused is not sent again",
            &run,
            &refused,
        );
        checks.trace("refused", "it is sent once", &run, &["0 s"]);

        for (method, tries) in [("POST", &["0 s"][..]), ("PUT", &["0 s", "1 s"])] {
            let run = sends(checks, method, 5, vec![Lost]);
            let claim = match method {
                "POST" => "a POST that was lost may have been done, and is not sent again",
                _ => "a PUT may be done twice, and is sent again",
            };
            checks.trace("twice", claim, &run, tries);
        }
        let run = sends(checks, "POST", 5, vec![Busy(None)]);
        checks.value(
            "busy",
            "a POST that was not done is sent again",
            &run,
            &Ok("tea"),
        );

        let failures = [Busy(Some(seconds(60))), Busy(Some(seconds(1))), Busy(None)];
        let run = sends(checks, "POST", 5, failures.into());
        checks.trace(
            "asked",
            "a busy server gets the pause it asks for, if that is the longer one",
            &run,
            &["0 s", "60 s", "62 s", "66 s"],
        );

        let run = checks.on_loop(async {
            let sending = create_task(send("GET", 5, async || ask(Some(Lost)).await));
            sleep(Duration::from_millis(1500)).await?;
            sending.cancel();
            let ended = sending.await;
            sleep(seconds(60)).await?;
            Ok(ended.is_err_and(|error| error.is_cancelled()))
        });
        let claim = "a cancellation in a pause ends it";
        checks.trace("cancelled", claim, &run, &["0 s", "1 s"]);
        checks.value("cancelled", "the cancellation is given", &run, &true);

        let run = checks.on_loop(async {
            let sending = create_task(send("GET", 5, async || {
                ask(None).await?;
                timeout(seconds(100), async { Ok(sleep(seconds(10)).await?) }).await
            }));
            sleep(seconds(1)).await?;
            sending.cancel();
            Ok(sending.await.is_err_and(|error| error.is_cancelled()))
        });
        let claim = "a cancellation in an attempt ends it, too";
        checks.trace("cancelled", claim, &run, &["0 s"]);
        checks.elapsed("cancelled", "it ends at once", &run, seconds(1));
    })
}
