mod exercise;

use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Promise, Result, gather, get_running_loop, wait_for};
use exercise::Client;

const SECOND: Duration = Duration::from_secs(1);

/// Says what came of a question.
async fn hear(reply: Promise<String>, limit: Option<Duration>) -> Result<String> {
    let outcome = match limit {
        Some(limit) => wait_for(reply, limit).await,
        None => reply.await,
    };
    Ok(outcome.unwrap_or_else(|error| error.to_string()))
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let client = Rc::new(Client::default());
            let event_loop = get_running_loop()?;
            let replying = client.clone();
            event_loop.call_later(SECOND, move || replying.replied(2, "yes"));
            let closing = client.clone();
            event_loop.call_later(2 * SECOND, move || closing.closed());
            let [one, two, three] = [client.ask(1)?, client.ask(2)?, client.ask(3)?];
            gather([hear(one, None), hear(two, None), hear(three, None)]).await
        });
        let closed = "connection closed";
        checks.value(
            "closed",
            "whoever still waits hears that the connection is closed",
            &run,
            &[closed, "yes", closed].map(str::to_owned).to_vec(),
        );
        checks.elapsed("time", "they hear it at once", &run, 2 * SECOND);

        let run = checks.on_loop(async {
            let client = Client::default();
            let heard = hear(client.ask(1)?, Some(SECOND)).await?;
            let late = client.replied(1, "late");
            Ok((heard, late.map_err(|error| error.to_string())))
        });
        checks.value(
            "gave_up",
            "a reply for somebody who has given up is no error",
            &run,
            &("timed out".to_owned(), Ok(())),
        );

        let run = checks.on_loop(async {
            let client = Client::default();
            let heard = hear(client.ask(1)?, Some(SECOND)).await?;
            client.closed();
            Ok(heard)
        });
        checks.value(
            "gave_up_and_closed",
            "the connection may be closed after somebody has given up",
            &run,
            &"timed out".to_owned(),
        );
    })
}
