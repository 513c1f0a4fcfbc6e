//! The queue in this process, for machines without a Redis server. It ends with the program, and with it all jobs.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::time::Duration;

use asyncio::Result;

use super::{Claim, Jobs, Lease, MOST_TIMES, text};

/// A queue that threads share.
#[derive(Clone, Default)]
pub struct Shared(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    /// What each worker has. A worker is alive as long as somebody holds its lease.
    taken: Vec<(Weak<Lease>, Vec<Vec<u8>>)>,
    times: HashMap<Vec<u8>, usize>,
    aside: Vec<String>,
}

impl State {
    fn strike(&mut self, claim: &Claim) -> bool {
        let lease = Arc::downgrade(&claim.lease);
        let mut workers = self.taken.iter_mut();
        let Some((_, jobs)) = workers.find(|(worker, _)| worker.ptr_eq(&lease)) else {
            return false;
        };
        let place = jobs.iter().position(|job| *job == claim.job);
        place.map(|place| jobs.remove(place)).is_some()
    }
}

/// A connection to such a queue.
pub struct ProcessJobs {
    shared: Shared,
    lease: Option<Arc<Lease>>,
}

impl ProcessJobs {
    pub fn new(shared: Shared) -> Self {
        ProcessJobs {
            shared,
            lease: None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.0.lock().expect("nobody panics with it")
    }
}

impl Jobs for ProcessJobs {
    fn put(&mut self, jobs: &[&[u8]]) -> Result<()> {
        let jobs = jobs.iter().map(|job| job.to_vec());
        self.state().waiting.extend(jobs);
        self.shared.0.1.notify_all();
        Ok(())
    }

    fn pop(&mut self, limit: Duration) -> Result<Option<Vec<u8>>> {
        let is_empty = |state: &mut State| state.waiting.is_empty();
        let wait = self
            .shared
            .0
            .1
            .wait_timeout_while(self.state(), limit, is_empty);
        let (mut state, _) = wait.expect("nobody panics with it");
        Ok(state.waiting.pop_front())
    }

    fn take(&mut self, limit: Duration) -> Result<Option<Claim>> {
        let Some(job) = self.pop(limit)? else {
            return Ok(None);
        };
        let new = || {
            let (worker, _heart) = (String::new(), None);
            Arc::new(Lease { worker, _heart })
        };
        let lease = self.lease.get_or_insert_with(new).clone();
        let mut state = self.state();
        let worker = Arc::downgrade(&lease);
        match state
            .taken
            .iter_mut()
            .find(|(other, _)| other.ptr_eq(&worker))
        {
            Some((_, jobs)) => jobs.push(job.clone()),
            None => state.taken.push((worker, vec![job.clone()])),
        }
        drop(state);
        Ok(Some(Claim { job, lease }))
    }

    fn done(&mut self, claim: &Claim) -> Result<bool> {
        let mut state = self.state();
        state.times.remove(&claim.job);
        Ok(state.strike(claim))
    }

    fn set_aside(&mut self, claim: &Claim, reason: &str) -> Result<()> {
        let mut state = self.state();
        state.strike(claim);
        state.aside.push(format!("{}: {reason}", text(&claim.job)));
        Ok(())
    }

    fn recover(&mut self) -> Result<Vec<String>> {
        let mut state = self.state();
        let mut given_back = Vec::new();
        let (alive, dead) = std::mem::take(&mut state.taken)
            .into_iter()
            .partition(|(worker, _)| worker.strong_count() > 0);
        state.taken = alive;
        let dead: Vec<(Weak<Lease>, Vec<Vec<u8>>)> = dead;
        for job in dead.into_iter().flat_map(|(_, jobs)| jobs).rev() {
            given_back.push(text(&job));
            let times = state.times.entry(job.clone()).or_default();
            *times += 1;
            let times = *times;
            if times > MOST_TIMES {
                let why = format!("{}: {times} workers died with it", text(&job));
                state.aside.push(why);
            } else {
                state.waiting.push_front(job);
            }
        }
        drop(state);
        self.shared.0.1.notify_all();
        Ok(given_back)
    }

    fn count(&mut self) -> Result<(usize, usize)> {
        let state = self.state();
        let taken = state.taken.iter().map(|(_, jobs)| jobs.len()).sum();
        Ok((state.waiting.len(), taken))
    }

    fn aside(&mut self) -> Result<Vec<String>> {
        Ok(self.state().aside.clone())
    }
}
