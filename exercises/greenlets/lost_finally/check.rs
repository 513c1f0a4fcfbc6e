mod exercise;

use std::process::ExitCode;

use check::{Checks, Run};

/// Sends prices to a till and ends it: by the end of the prices, or in the middle.
fn sell(checks: &mut Checks, prices: &'static [u32], in_the_middle: bool) -> Run<Vec<u32>> {
    checks.on_loop(async move {
        let mut till = exercise::till();
        till.send(None);
        let totals = prices.iter().filter_map(|price| till.send(Some(*price)));
        let totals = totals.collect();
        if !in_the_middle {
            till.send(None);
        }
        check::note("before the end");
        drop(till);
        check::note("after the end");
        Ok(totals)
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = sell(checks, &[3, 4], false);
        checks.value(
            "totals",
            "the till answers with the total",
            &run,
            &vec![3, 7],
        );
        checks.trace(
            "no_more",
            "a till that is told that no more comes is closed at once, and once only",
            &run,
            &["closed with 7", "before the end", "after the end"],
        );
        let run = sell(checks, &[3, 4], true);
        checks.trace(
            "in_the_middle",
            "a till that is dropped in the middle is closed, too",
            &run,
            &["before the end", "closed with 7", "after the end"],
        );
        let run = sell(checks, &[], true);
        checks.trace(
            "in_the_middle",
            "so is one that has sold nothing yet",
            &run,
            &["before the end", "closed with 0", "after the end"],
        );
        let run = checks.on_loop(async {
            drop(exercise::till());
            Ok(())
        });
        checks.trace(
            "unused",
            "a till that was never begun says nothing",
            &run,
            &[],
        );
    })
}
