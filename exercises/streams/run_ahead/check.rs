mod exercise;

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use async_stream::stream;
use futures::{Stream, StreamExt};
use tokio::time::sleep;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Makes numbers; each takes so many seconds.
fn numbers(last: u32, each: u64) -> impl Stream<Item = u32> + Send {
    stream! {
        let _source = check::enter("source");
        for number in 1..=last {
            sleep(seconds(each)).await;
            check::note(format!("made {number}"));
            yield number;
        }
    }
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            let mut ahead = pin!(exercise::run_ahead(numbers(3, 1), 1));
            let mut used = Vec::new();
            while let Some(number) = ahead.next().await {
                sleep(seconds(2)).await;
                used.push(number);
            }
            used
        });
        checks.value(
            "order",
            "all items come, in their order, and then the end",
            &run,
            &vec![1, 2, 3],
        );
        checks.elapsed(
            "time",
            "an item is made while the one before is used",
            &run,
            seconds(7),
        );
        checks.all_left("end", "the source is gone at the end", &run, "source");

        let run = checks.on_tokio(async {
            let mut ahead = pin!(exercise::run_ahead(numbers(100, 1), 3));
            let first = ahead.next().await;
            sleep(seconds(60)).await;
            first
        });
        let made = run.trace().len();
        checks.that_in(
            "room",
            "with room for 3, and 1 item taken, the source stops after 4, or with 1 more in its hand",
            &run,
            "4 or 5 items made",
            |_| ([4, 5].contains(&made), made),
        );

        let run = checks.on_tokio(async {
            {
                let mut ahead = pin!(exercise::run_ahead(numbers(3, 3600), 1));
                // The source waits for its first item, and nobody waits for that any more.
                let _ = tokio::time::timeout(seconds(5), ahead.next()).await;
            }
            sleep(seconds(1)).await;
        });
        checks.all_left(
            "dropped",
            "the source goes when the stream is dropped, in the middle of its wait",
            &run,
            "source",
        );
        checks.no_task_left("tasks", "no task is left then", &run);
    })
}
