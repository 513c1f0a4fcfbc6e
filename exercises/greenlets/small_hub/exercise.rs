use corosensei::{Coroutine, CoroutineResult, Yielder};

/// Is resumed with the time, and yields for how many seconds it sleeps.
pub type Job = Coroutine<u64, u64, ()>;

/// Sleeps in a job, however deep, and gives the time after it.
pub fn sleep(hub: &Yielder<u64, u64>, seconds: u64) -> u64 {
    hub.suspend(seconds)
}

/// Runs all jobs to their ends, and gives the time then.
pub fn run(jobs: Vec<Job>) -> u64 {
    let mut now = 0;
    for mut job in jobs {
        // Build it: this lets nobody run while somebody sleeps.
        while let CoroutineResult::Yield(seconds) = job.resume(now) {
            now += seconds;
        }
    }
    now
}
