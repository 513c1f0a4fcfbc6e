mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Cancelled, Error, Result, ReturnWhen, create_task, sleep, wait};
use check::{Checks, Run};

/// What a payment comes to.
#[derive(Clone, Copy)]
enum Ends {
    Well,
    Fails,
    /// Somebody cancels the payment itself.
    Cancelled,
}

/// Pays, which takes three seconds.
async fn pay(ends: Ends) -> Result<u32> {
    if let Err(cancelled) = sleep(Duration::from_secs(3)).await {
        check::note("the payment is broken off");
        return Err(cancelled.into());
    }
    check::note("paid");
    match ends {
        Ends::Well => Ok(7),
        Ends::Fails => Err(Error::msg("no money")),
        Ends::Cancelled => Err(Cancelled::new().into()),
    }
}

/// Pays, and cancels the guest after each of so many seconds.
fn guest(checks: &mut Checks, ends: Ends, cancels: &'static [u64]) -> Run<String> {
    checks.on_loop(async move {
        let guest = create_task(exercise::uninterrupted(pay(ends)));
        for &seconds in cancels {
            sleep(Duration::from_secs(seconds)).await?;
            guest.cancel();
        }
        wait([&guest], None, ReturnWhen::AllCompleted).await?;
        Ok(match guest.result() {
            Ok(euros) => euros.to_string(),
            Err(error) if error.is_cancelled() => "cancelled".to_owned(),
            Err(error) => error.to_string(),
        })
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let (three, cancelled) = (Duration::from_secs(3), "cancelled".to_owned());
        let run = guest(checks, Ends::Well, &[]);
        checks.value("value", "the caller gets the value", &run, &"7".to_owned());
        let run = guest(checks, Ends::Fails, &[]);
        let error = "no money".to_owned();
        checks.value("failure", "the caller gets the failure", &run, &error);
        let run = guest(checks, Ends::Cancelled, &[]);
        checks.value(
            "own_cancellation",
            "work that ends cancelled ends, and its caller, too",
            &run,
            &cancelled,
        );

        for (cancels, how_often) in [(&[1][..], "once"), (&[1, 1][..], "twice")] {
            let run = guest(checks, Ends::Well, cancels);
            checks.trace(
                "paid",
                &format!("the work comes to its end when the caller is cancelled {how_often}"),
                &run,
                &["paid"],
            );
            checks.elapsed("waits", "the caller waits for that end", &run, three);
            checks.value(
                "handed_on",
                "the cancellation is handed on",
                &run,
                &cancelled,
            );
            checks.no_task_left("tasks", "no task is left", &run);
        }

        let run = guest(checks, Ends::Fails, &[1]);
        checks.value(
            "both",
            "a cancellation is handed on although the work fails after it",
            &run,
            &cancelled,
        );
        checks.elapsed("both", "the failure is waited for", &run, three);
    })
}
