mod exercise;

use std::collections::HashSet;
use std::process::ExitCode;
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// Counts the jobs that have begun, and lets jobs wait for others.
#[derive(Default)]
struct Meeting {
    begun: Mutex<usize>,
    changed: Condvar,
}

impl Meeting {
    fn begin(&self) {
        *self.begun.lock().unwrap() += 1;
        self.changed.notify_all();
    }

    /// Waits until so many have begun, or gives up after a time that only a wrong program takes.
    fn wait_for(&self, jobs: usize) -> bool {
        let begun = self.begun.lock().unwrap();
        let limit = Duration::from_secs(2);
        let (_begun, waited) = self
            .changed
            .wait_timeout_while(begun, limit, |begun| *begun < jobs)
            .unwrap();
        !waited.timed_out()
    }
}

fn main() -> ExitCode {
    check::program(|checks| {
        for (workers, items) in [(2, vec![1, 2, 3, 4, 5]), (3, vec![30, 10, 20])] {
            let meeting = Meeting::default();
            let results = exercise::pool_map(workers, items.clone(), |item| {
                meeting.begin();
                (item * item, meeting.wait_for(workers))
            });
            let met = results.iter().all(|(_, met)| *met);
            checks.that(
                "together",
                &format!("{workers} threads work at the same time"),
                met,
                format!("{workers} jobs that run at the same time"),
                if met {
                    "as many"
                } else {
                    "a job that waited for the others in vain"
                },
            );
            let expected: Vec<i32> = items.iter().map(|item| item * item).collect();
            let results: Vec<i32> = results.into_iter().map(|(result, _)| result).collect();
            checks.equal(
                "order",
                "the results are listed in the order of the items",
                &expected,
                &results,
            );
        }

        // The first job ends only when all others have begun, so all others are for the second thread.
        let meeting = Meeting::default();
        let results = exercise::pool_map(2, vec![0, 1, 2, 3, 4, 5], |item| {
            meeting.begin();
            item > 0 || meeting.wait_for(6)
        });
        checks.equal(
            "next",
            "a thread that is free takes the next item",
            &vec![true; 6],
            &results,
        );
        let threads = Mutex::new(HashSet::new());
        exercise::pool_map(3, (0..20).collect(), |_: u8| {
            threads.lock().unwrap().insert(thread::current().id());
        });
        let seen = threads.into_inner().unwrap().len();
        checks.that(
            "few",
            "20 items are done by the same 3 threads",
            seen <= 3,
            "at most 3 threads",
            format!("{seen} threads"),
        );
        let none = exercise::pool_map(2, Vec::new(), |item: u8| item);
        checks.equal("none", "there may be no items", &Vec::new(), &none);
    })
}
