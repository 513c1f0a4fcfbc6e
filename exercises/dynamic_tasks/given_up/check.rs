mod exercise;

use std::future;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use asyncio::{Error, Result, TimedOut, cancellable, get_running_loop, sleep};
use check::{Checks, Run};
use futures::channel::oneshot;

/// What becomes of a question.
#[derive(Clone, Copy)]
enum Ends {
    Answered,
    Failed,
    Never,
}

/// A question that keeps the line until it has hung up.
async fn question(ends: Ends) -> Result<u32> {
    let _line = check::enter("line");
    let answer = match ends {
        Ends::Answered => Ok(42),
        Ends::Failed => Err(Error::msg("no connection")),
        Ends::Never => cancellable(future::pending()).await.map_err(Error::from),
    };
    sleep(Duration::from_secs(1)).await?;
    answer
}

/// Asks from a thread while the loop runs, and says what the thread heard.
fn ask(checks: &mut Checks, ends: Ends) -> Run<String> {
    checks.on_loop(async move {
        let handle = get_running_loop()?.handle();
        let (tell, told) = oneshot::channel();
        let thread = thread::spawn(move || {
            let limit = Duration::from_secs(2);
            let heard = match exercise::ask(&handle, limit, move || question(ends)) {
                Ok(answer) => answer.to_string(),
                Err(error) if error.is::<TimedOut>() => "no answer".to_owned(),
                Err(error) => error.to_string(),
            };
            let _ = tell.send(heard);
        });
        let heard = told.await.unwrap_or("the thread panicked".to_owned());
        let _ = thread.join();
        Ok(heard)
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = ask(checks, Ends::Answered);
        checks.value(
            "answer",
            "the thread gets the answer",
            &run,
            &"42".to_owned(),
        );
        let run = ask(checks, Ends::Failed);
        let error = "no connection".to_owned();
        checks.value("failure", "the thread gets the failure", &run, &error);

        let run = ask(checks, Ends::Never);
        let error = "no answer".to_owned();
        checks.value(
            "gives_up",
            "the thread gives up when the limit is over",
            &run,
            &error,
        );
        checks.all_left(
            "hung_up",
            "the line is free when `ask` returns",
            &run,
            "line",
        );
        checks.no_task_left("tasks", "the question has ended", &run);
        checks.elapsed(
            "time",
            "the limit passes on the loop's clock, and then a second to hang up",
            &run,
            Duration::from_secs(3),
        );
    })
}
