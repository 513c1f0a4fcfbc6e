//! A Redis server played in the process, for exercises that should need none.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// Names an end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Left,
    Right,
}

/// Plays a connection to a Redis server; clones are connections to the same one.
///
/// A command takes effect in one step when it is first polled, and its answer comes a moment later.
/// So whoever drops a command, or is killed, may have changed the lists and not know it, as with a real server.
/// One that still waits for an item is forgotten when it is dropped; a real server forgets it when the connection is closed.
#[derive(Clone, Debug, Default)]
pub struct FakeRedis {
    server: Arc<Mutex<Server>>,
}

#[derive(Debug, Default)]
struct Server {
    data: Data,
    /// Those who wait for an item of any list.
    waiters: Vec<Waker>,
}

/// What the server keeps, with the commands that a script may use.
#[derive(Clone, Debug, Default)]
pub struct Data {
    lists: BTreeMap<String, VecDeque<String>>,
    sets: BTreeMap<String, BTreeSet<String>>,
    counts: BTreeMap<String, i64>,
}

impl Data {
    /// Adds an item at an end of a list.
    pub fn push(&mut self, list: &str, end: End, item: &str) {
        let items = self.lists.entry(list.to_owned()).or_default();
        match end {
            End::Left => items.push_front(item.to_owned()),
            End::Right => items.push_back(item.to_owned()),
        }
    }

    /// Takes the item at an end of a list.
    pub fn pop(&mut self, list: &str, end: End) -> Option<String> {
        let items = self.lists.get_mut(list)?;
        match end {
            End::Left => items.pop_front(),
            End::Right => items.pop_back(),
        }
    }

    /// Moves an item from an end of a list to an end of another one.
    pub fn lmove(&mut self, from: &str, to: &str, source: End, target: End) -> Option<String> {
        let item = self.pop(from, source)?;
        self.push(to, target, &item);
        Some(item)
    }

    /// Strikes one such item off a list, the first from the left, and tells whether there was one.
    pub fn lrem(&mut self, list: &str, item: &str) -> bool {
        let Some(items) = self.lists.get_mut(list) else {
            return false;
        };
        let place = items.iter().position(|other| other == item);
        place.and_then(|place| items.remove(place)).is_some()
    }

    /// Lists a list from the left.
    pub fn lrange(&self, list: &str) -> Vec<String> {
        self.lists.get(list).into_iter().flatten().cloned().collect()
    }

    /// Adds a member to a set, and tells whether it is new there.
    pub fn sadd(&mut self, set: &str, member: &str) -> bool {
        let members = self.sets.entry(set.to_owned()).or_default();
        members.insert(member.to_owned())
    }

    /// Adds to a count, which begins with 0, and gives the sum.
    pub fn incrby(&mut self, count: &str, by: i64) -> i64 {
        let sum = self.counts.entry(count.to_owned()).or_default();
        *sum += by;
        *sum
    }
}

impl FakeRedis {
    /// Makes an empty server.
    pub fn new() -> FakeRedis {
        FakeRedis::default()
    }

    fn lock(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does several things in one step, as a script in Lua does.
    pub async fn script<T>(&self, script: impl FnOnce(&mut Data) -> T) -> T {
        let (answer, waiters) = {
            let mut server = self.lock();
            (script(&mut server.data), std::mem::take(&mut server.waiters))
        };
        waiters.into_iter().for_each(Waker::wake);
        a_moment().await;
        answer
    }

    /// `RPUSH`: adds an item at the right end, and gives the length of the list.
    pub async fn rpush(&self, list: &str, item: &str) -> usize {
        self.script(|data| {
            data.push(list, End::Right, item);
            data.lrange(list).len()
        })
        .await
    }

    /// `LPOP`: takes the item at the left end, if there is one.
    pub async fn lpop(&self, list: &str) -> Option<String> {
        self.script(|data| data.pop(list, End::Left)).await
    }

    /// `LMOVE`: moves an item from an end of a list to an end of another one, if there is one.
    pub async fn lmove(&self, from: &str, to: &str, source: End, target: End) -> Option<String> {
        self.script(|data| data.lmove(from, to, source, target)).await
    }

    /// `LREM` with the count 1: strikes one such item off a list, and tells whether there was one.
    pub async fn lrem(&self, list: &str, item: &str) -> bool {
        self.script(|data| data.lrem(list, item)).await
    }

    /// `LRANGE` from 0 to -1: lists a list from the left.
    pub async fn lrange(&self, list: &str) -> Vec<String> {
        self.script(|data| data.lrange(list)).await
    }

    /// `SADD`: adds a member to a set, and tells whether it is new there.
    pub async fn sadd(&self, set: &str, member: &str) -> bool {
        self.script(|data| data.sadd(set, member)).await
    }

    /// `INCRBY`: adds to a count, which begins with 0, and gives the sum.
    pub async fn incrby(&self, count: &str, by: i64) -> i64 {
        self.script(|data| data.incrby(count, by)).await
    }

    /// `BLPOP` without a limit: waits for an item at the left end, and takes it.
    pub async fn blpop(&self, list: &str) -> String {
        self.wait_for(|data| data.pop(list, End::Left)).await
    }

    /// `BLMOVE` without a limit: waits for an item, and moves it.
    pub async fn blmove(&self, from: &str, to: &str, source: End, target: End) -> String {
        self.wait_for(|data| data.lmove(from, to, source, target)).await
    }

    async fn wait_for(&self, mut take: impl FnMut(&mut Data) -> Option<String>) -> String {
        let item = poll_fn(|context| {
            let mut server = self.lock();
            match take(&mut server.data) {
                Some(item) => Poll::Ready(item),
                None => {
                    server.waiters.push(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await;
        // A move may have given others what they wait for.
        self.script(|_| item).await
    }
}

/// Lets everybody else run once.
async fn a_moment() {
    let mut is_over = false;
    poll_fn(|context| {
        if is_over {
            return Poll::Ready(());
        }
        is_over = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Polls a future so many times at most and drops it then, as if its process were killed there; gives `None` if it was.
///
/// With every number in turn, a check can kill a worker at each place where it waits.
pub async fn killed_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| match left.checked_sub(1) {
        None => Poll::Ready(None),
        Some(rest) => {
            left = rest;
            let polled = future.as_mut().poll(context).map(Some);
            if left == 0 && polled.is_pending() {
                return Poll::Ready(None);
            }
            polled
        }
    })
    .await
}
