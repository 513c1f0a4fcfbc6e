mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

/// Watches a sensor that sends each value so many milliseconds after the one before, and is gone after some more.
async fn watch(values: &[(u64, i32)], gone: u64) -> Vec<(i32, i32)> {
    let (sender, receiver) = mpsc::channel(8);
    let sensor = async move {
        for (wait, value) in values {
            sleep(Duration::from_millis(*wait)).await;
            let _ = sender.send(*value).await;
        }
        sleep(Duration::from_millis(gone)).await;
    };
    tokio::join!(sensor, exercise::watch(receiver)).1
}

fn main() -> ExitCode {
    check::program(|checks| {
        let values = [(500, 20), (1300, 55), (500, 21), (300, 56)];
        let run = checks.on_tokio(watch(&values, 0));
        checks.value(
            "whole",
            "each temperature is listed with its humidity",
            &run,
            &vec![(20, 55), (21, 56)],
        );
        checks.trace(
            "quiet",
            "half a reading is no reading: after a second `quiet` is said",
            &run,
            &["quiet"],
        );

        let run = checks.on_tokio(watch(&[(200, 18), (2500, 60)], 1500));
        checks.value(
            "whole",
            "a humidity that is very late still belongs to its temperature",
            &run,
            &vec![(18, 60)],
        );
        checks.trace(
            "quiet",
            "`quiet` is said after each second, before the humidity and after the reading",
            &run,
            &["quiet"; 3],
        );
        checks.elapsed(
            "time",
            "`watch` ends when the sensor is gone",
            &run,
            Duration::from_millis(4200),
        );

        let run = checks.on_tokio(watch(&[(800, 19), (800, 57)], 0));
        checks.value(
            "whole",
            "a reading that takes longer than a second is listed",
            &run,
            &vec![(19, 57)],
        );
        checks.trace(
            "quiet",
            "a temperature that comes after 0.8 s does not begin the second anew: it is only half of what is waited for",
            &run,
            &["quiet"],
        );
    })
}
