mod exercise;

use std::process::ExitCode;
use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::Duration;

use asyncio::{LoopHandle, get_running_loop};
use check::{Checks, Run};
use exercise::Library;

/// A library that notices whether the loop goes on while a function keeps its thread.
struct Shelf {
    loop_thread: ThreadId,
    handle: LoopHandle,
}

impl Shelf {
    /// Keeps its thread: the loop's for so long, any other one until the loop has taken a turn.
    fn keep_thread(&self, seconds: u64) {
        check::block(Duration::from_secs(seconds));
        if thread::current().id() != self.loop_thread {
            let turn = self.handle.run_coroutine_threadsafe(|| async { Ok(()) });
            // Only a loop that stands still takes so long.
            if turn.unwrap().result(Duration::from_secs(3)).is_err() {
                check::note("the loop stood still");
            }
        }
    }
}

impl Library for Shelf {
    fn unpack(&self, data: &str) -> String {
        self.keep_thread(3);
        data.replace('_', " ")
    }

    fn correct(&self, text: &str) -> String {
        self.keep_thread(2);
        text.replace("rane", "rain")
    }

    fn headline(&self, text: &str) -> String {
        text.to_uppercase()
    }
}

fn make_report(checks: &mut Checks, name: &'static str) -> Run<()> {
    checks.on_loop(async move {
        let library = Shelf {
            loop_thread: thread::current().id(),
            handle: get_running_loop()?.handle(),
        };
        exercise::make_report(name, Arc::new(library)).await
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = make_report(checks, "rane");
        checks.never_blocked("thread", "nothing keeps the loop's thread", &run);
        checks.trace(
            "ticks",
            "the clock ticks every second until the report is published",
            &run,
            &["tick 1", "tick 2", "tick 3", "RAIN TOMORROW"],
        );
        checks.elapsed(
            "time",
            "what runs on another thread takes no time of the loop",
            &run,
            Duration::from_millis(3500),
        );

        let run = make_report(checks, "snow");
        checks.trace(
            "other",
            "another report is made in the same way",
            &run,
            &["tick 1", "tick 2", "tick 3", "SNOW TOMORROW"],
        );
    })
}
