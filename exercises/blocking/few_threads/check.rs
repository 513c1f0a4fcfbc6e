mod exercise;

use std::collections::HashSet;
use std::process::ExitCode;
use std::sync::{Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// What was seen of the calls so far.
#[derive(Default)]
struct Seen {
    begun: usize,
    done: usize,
    threads: HashSet<ThreadId>,
}

/// A room in which calls wait for each other.
#[derive(Default)]
struct Room {
    seen: Mutex<Seen>,
    changed: Condvar,
}

impl Room {
    /// Waits until this holds, or gives up after a time that only a wrong program takes.
    fn wait_until(&self, holds: impl Fn(&Seen) -> bool) -> bool {
        let seen = self.seen.lock().unwrap();
        let limit = Duration::from_secs(2);
        let (_seen, waited) = self
            .changed
            .wait_timeout_while(seen, limit, |seen| !holds(seen))
            .unwrap();
        !waited.timed_out()
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap());
        self.changed.notify_all();
    }
}

fn main() -> ExitCode {
    check::program(|checks| {
        let caller = thread::current().id();
        for threads in [3, 2] {
            let room = Room::default();
            let items: Vec<usize> = (1..=7).collect();
            let squares = exercise::map_on_threads(threads, items, |item| {
                let id = thread::current().id();
                room.change(|seen| {
                    seen.begun += 1;
                    seen.threads.insert(id);
                });
                // The caller's own thread must not wait for others.
                let met =
                    item > threads || id == caller || room.wait_until(|seen| seen.begun >= threads);
                (item * item, met)
            });
            let used = room.seen.lock().unwrap().threads.clone();
            let on_caller = used.contains(&caller);
            let seen = if on_caller {
                "the caller's thread"
            } else {
                "other threads"
            };
            checks.that(
                "threads",
                "the work is done on other threads",
                !on_caller,
                "other threads",
                seen,
            );
            let met = squares.iter().all(|(_, met)| *met);
            checks.that(
                "together",
                &format!("{threads} calls are made at the same time"),
                met,
                threads,
                if met { "as many" } else { "fewer" },
            );
            checks.that(
                "few",
                &format!("{threads} threads do the work"),
                used.len() == threads,
                threads,
                used.len(),
            );
            let squares: Vec<usize> = squares.into_iter().map(|(square, _)| square).collect();
            checks.equal(
                "order",
                "the results are listed in the order of the items",
                &vec![1, 4, 9, 16, 25, 36, 49],
                &squares,
            );
        }

        // The first item is done only when all others are, so no other item may wait for its thread.
        let room = Room::default();
        let items: Vec<usize> = (0..6).collect();
        let done = exercise::map_on_threads(2, items, |item| {
            let in_time = item > 0
                || thread::current().id() == caller
                || room.wait_until(|seen| seen.done == 5);
            room.change(|seen| seen.done += 1);
            (item, in_time)
        });
        let free = done.iter().all(|(_, in_time)| *in_time);
        checks.that(
            "next",
            "a thread that is free takes the next item",
            free,
            "five items while the first one takes its time",
            if free { "five" } else { "fewer" },
        );
        let order: Vec<usize> = done.into_iter().map(|(item, _)| item).collect();
        checks.equal(
            "order",
            "the first result stands first even if it comes last",
            &vec![0, 1, 2, 3, 4, 5],
            &order,
        );
        let none = exercise::map_on_threads(3, Vec::new(), |item: u8| item);
        checks.equal("none", "a list may be empty", &Vec::new(), &none);
    })
}
