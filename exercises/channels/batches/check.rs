mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

/// Sends readings from 1 on, each after so many milliseconds of rest, and notes the batches with their times.
async fn played(rests: &[u64]) {
    let start = Instant::now();
    let (sensor, readings) = mpsc::channel(8);
    let (sender, mut batches) = mpsc::channel(8);
    let sends = async move {
        for (number, &rest) in (1..).zip(rests) {
            sleep(Duration::from_millis(rest)).await;
            sensor.send(number).await.expect("somebody collects");
        }
    };
    let notes = async move {
        while let Some(batch) = batches.recv().await {
            check::note(format!("{batch:?} at {} s", start.elapsed().as_secs_f64()));
        }
    };
    tokio::join!(sends, exercise::collect(readings, sender), notes);
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(played(&[0, 0, 0, 0, 0, 0]));
        checks.trace(
            "full",
            "a batch with three readings is sent at once",
            &run,
            &["[1, 2, 3] at 0 s", "[4, 5, 6] at 0 s"],
        );

        let run = checks.on_tokio(played(&[1000, 500, 4500]));
        checks.trace(
            "limit",
            "a batch with fewer is sent two seconds after its first reading, and none is empty",
            &run,
            &["[1, 2] at 3 s", "[3] at 6 s"],
        );

        let run = checks.on_tokio(played(&[0, 1500, 1500, 1500, 1500]));
        checks.trace(
            "first",
            "the two seconds begin with the first reading, not with the latest",
            &run,
            &["[1, 2] at 2 s", "[3, 4] at 5 s", "[5] at 6 s"],
        );

        let run = checks.on_tokio(played(&[0, 500]));
        checks.trace(
            "rest",
            "what has been collected is sent when the sensors are gone",
            &run,
            &["[1, 2] at 0.5 s"],
        );

        let run = checks.on_tokio(async {
            let (sensor, readings) = mpsc::channel(8);
            let (sender, batches) = mpsc::channel(8);
            drop(batches);
            sensor.send(1).await.expect("there is room");
            exercise::collect(readings, sender).await;
        });
        checks.value(
            "nobody",
            "it ends when nobody takes the batches any more",
            &run,
            &(),
        );
        checks.that_in(
            "nobody",
            "it ends when it would send its batch, or before",
            &run,
            "within 2 s",
            |()| {
                let seen = format!("after {} s", run.elapsed.as_secs_f64());
                (run.elapsed <= Duration::from_secs(2), seen)
            },
        );
    })
}
