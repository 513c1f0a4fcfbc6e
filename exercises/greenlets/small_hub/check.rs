mod exercise;

use std::process::ExitCode;

use corosensei::Yielder;
use exercise::{Job, run, sleep};

fn say(what: &str, now: u64) {
    check::note(format!("{now}: {what}"));
}

/// Boils and brews; the sleep is in here, a call deeper than the job.
fn step(hub: &Yielder<u64, u64>, what: String, seconds: u64) {
    let now = sleep(hub, seconds);
    say(&what, now);
}

fn brew(tea: &'static str, seconds: u64) -> Job {
    Job::new(move |hub, now| {
        say(tea, now);
        step(hub, format!("{tea} has boiled"), seconds);
        step(hub, format!("{tea} is ready"), seconds);
    })
}

/// Says something now and then.
fn call(what: &'static str, waits: &'static [u64]) -> Job {
    Job::new(move |hub, _| {
        for seconds in waits {
            let now = sleep(hub, *seconds);
            say(what, now);
        }
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let over = checks.on_loop(async {
            Ok(run(vec![
                brew("black", 3),
                brew("green", 1),
                brew("white", 2),
            ]))
        });
        checks.trace(
            "turns",
            "who sleeps lets others run, and the first time comes first",
            &over,
            &[
                "0: black",
                "0: green",
                "0: white",
                "1: green has boiled",
                "2: white has boiled",
                "2: green is ready",
                "3: black has boiled",
                "4: white is ready",
                "6: black is ready",
            ],
        );
        checks.value(
            "over",
            "the time at the end is that of the slowest job",
            &over,
            &6,
        );

        let over = checks.on_loop(async {
            Ok(run(vec![
                call("a", &[5, 0]),
                call("b", &[2, 3]),
                call("c", &[1, 1, 3]),
                call("d", &[]),
            ]))
        });
        checks.trace(
            "same_time",
            "of those with the same time, the one that went to sleep first comes first",
            &over,
            &["1: c", "2: b", "2: c", "5: a", "5: b", "5: c", "5: a"],
        );
        let over = checks.on_loop(async { Ok(run(Vec::new())) });
        checks.value("none", "without jobs it is over at once", &over, &0);
    })
}
