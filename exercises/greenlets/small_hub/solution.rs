use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Is resumed with the time, and yields for how many seconds it sleeps.
pub type Job = Coroutine<u64, u64, ()>;

/// Sleeps in a job, however deep, and gives the time after it.
pub fn sleep(hub: &Yielder<u64, u64>, seconds: u64) -> u64 {
    hub.suspend(seconds)
}

/// Runs all jobs to their ends, and gives the time then.
pub fn run(mut jobs: Vec<Job>) -> u64 {
    let mut now = 0;
    let mut numbers = 0..;
    // Until when, who went to sleep first, and its place in the list.
    let mut sleeping: BinaryHeap<_> = (0..jobs.len())
        .zip(&mut numbers)
        .map(|(place, number)| Reverse((now, number, place)))
        .collect();
    while let Some(Reverse((until, _, place))) = sleeping.pop() {
        now = until;
        if let CoroutineResult::Yield(seconds) = jobs[place].resume(now) {
            let number = numbers.next().expect("it has no end");
            sleeping.push(Reverse((now + seconds, number, place)));
        }
    }
    now
}
