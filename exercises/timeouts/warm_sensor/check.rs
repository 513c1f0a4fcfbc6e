mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Error, Result, TimedOut, sleep, wait_for};
use check::{Checks, Run};
use exercise::Sensor;

/// A sensor that takes so long to read, and whose reading is `None` if there is no contact.
struct Roof {
    seconds: u64,
    reading: Option<i32>,
    jams: bool,
}

impl Sensor for Roof {
    async fn switch(&self, position: &'static str) -> Result<()> {
        sleep(Duration::from_secs(1)).await?;
        check::note(position);
        match position {
            "off" if self.jams => Err(Error::msg("the switch jams")),
            _ => Ok(()),
        }
    }

    async fn read(&self) -> Result<i32> {
        sleep(Duration::from_secs(self.seconds)).await?;
        self.reading.ok_or(Error::msg("no contact"))
    }
}

/// Measures for at most five seconds, and says what came of it.
fn measure(checks: &mut Checks, sensor: Roof) -> Run<String> {
    checks.on_loop(async move {
        let outcome = wait_for(exercise::measure(sensor), Duration::from_secs(5)).await;
        Ok(match outcome {
            Ok(value) => value.to_string(),
            Err(error) if error.is::<TimedOut>() => "timed out".to_owned(),
            Err(error) => error.to_string(),
        })
    })
}

/// A sensor whose switch works.
fn roof(seconds: u64, reading: Option<i32>) -> Roof {
    Roof {
        seconds,
        reading,
        jams: false,
    }
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = measure(checks, roof(2, Some(20)));
        checks.value("value", "a reading is returned", &run, &"20".to_owned());
        checks.trace("on_off", "it is switched off", &run, &["on", "off"]);

        let run = measure(checks, roof(2, None));
        checks.trace(
            "failed",
            "it is switched off when the reading fails",
            &run,
            &["on", "off"],
        );
        let error = "no contact".to_owned();
        checks.value("error", "the failure is returned", &run, &error);

        let run = measure(checks, roof(60, Some(21)));
        checks.trace(
            "late",
            "it is switched off when the caller's patience is over",
            &run,
            &["on", "off"],
        );
        checks.elapsed(
            "time",
            "it then takes 5 seconds and one more for the switch",
            &run,
            Duration::from_secs(6),
        );
        let error = "timed out".to_owned();
        checks.value("passed_on", "the caller's limit is kept", &run, &error);

        let jammed = |reading| Roof {
            jams: true,
            ..roof(2, reading)
        };
        let run = measure(checks, jammed(None));
        let error = "no contact".to_owned();
        checks.value(
            "first_error",
            "the reading's own error comes before that of the switch",
            &run,
            &error,
        );
        let run = measure(checks, jammed(Some(22)));
        let error = "the switch jams".to_owned();
        checks.value(
            "switch_error",
            "a switch that jams after a good reading is an error",
            &run,
            &error,
        );
    })
}
