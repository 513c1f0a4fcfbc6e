mod exercise;

use std::pin::pin;
use std::process::ExitCode;
use std::task::{Context, Waker};
use std::time::Duration;

use asyncio::{create_task, get_running_loop, sleep, yield_now};
use exercise::oneshot;

const SECOND: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let (sender, receiver) = oneshot();
            get_running_loop()?.call_later(2 * SECOND, move || {
                let sent = sender.send(666);
                check::note(format!("sent: {}", sent.is_ok()));
            });
            Ok(receiver.await)
        });
        checks.value(
            "late",
            "a receiver that waits gets the value",
            &run,
            &Some(666),
        );
        checks.elapsed("time", "it gets it when it is sent", &run, 2 * SECOND);
        checks.trace(
            "sent",
            "`send` accepts a value for a receiver that waits",
            &run,
            &["sent: true"],
        );

        let run = checks.on_loop(async {
            let (sender, receiver) = oneshot();
            let sent = sender.send("tea");
            Ok((sent, receiver.await))
        });
        checks.value(
            "early",
            "a value that was sent before stays in the slot",
            &run,
            &(Ok(()), Some("tea")),
        );
        checks.elapsed("at_once", "then nobody waits", &run, Duration::ZERO);

        let run = checks.on_loop(async {
            let (sender, receiver) = oneshot::<u32>();
            create_task(async move {
                let _sender = sender;
                Ok(sleep(3 * SECOND).await?)
            });
            Ok(receiver.await)
        });
        checks.value(
            "no_sender",
            "a sender that ends without sending is heard of",
            &run,
            &None,
        );
        checks.elapsed(
            "no_sender",
            "it is heard of when it is dropped",
            &run,
            3 * SECOND,
        );

        let run = checks.on_loop(async {
            let (sender, receiver) = oneshot();
            drop(receiver);
            Ok(sender.send(777))
        });
        checks.value(
            "no_receiver",
            "without a receiver the value comes back",
            &run,
            &Err(777),
        );

        let run = checks.on_loop(async {
            let (sender, receiver) = oneshot();
            let waiter = create_task(async move { Ok(receiver.await) });
            yield_now().await?;
            waiter.cancel();
            let _ = waiter.await;
            Ok(sender.send(888))
        });
        checks.value(
            "gave_up",
            "a receiver that has waited and was cancelled is gone, too",
            &run,
            &Err(888),
        );

        let run = checks.on_loop(async {
            let (sender, receiver) = oneshot();
            let mut receiver = pin!(receiver);
            let asked = receiver
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            assert!(asked.is_pending(), "nothing was sent yet");
            get_running_loop()?.call_later(SECOND, move || {
                let _ = sender.send("moved");
            });
            Ok(receiver.await)
        });
        checks.value(
            "latest",
            "whoever asked last is woken",
            &run,
            &Some("moved"),
        );

        let run = checks.on_tokio(async {
            let (sender, receiver) = oneshot();
            let send = async move {
                tokio::time::sleep(4 * SECOND).await;
                sender.send("tea")
            };
            tokio::join!(receiver, send)
        });
        checks.value(
            "tokio",
            "it works on Tokio as well",
            &run,
            &(Some("tea"), Ok(())),
        );
        checks.elapsed("tokio", "there, too, it waits", &run, 4 * SECOND);
    })
}
