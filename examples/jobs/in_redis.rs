//! The queue in Redis: a list of the jobs that wait, and for each worker a list of those that it has taken.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use asyncio::{Error, Result};
use redis::{Client, Commands, Connection, Direction, RedisError, RedisResult, Script};

use super::{Claim, Jobs, Lease, MOST_TIMES, text};

/// How long a command is tried again while there is no connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause before the first new try; each further one is twice as long, up to a limit.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// A connection to a queue in Redis, which connects again when the server went away and came back.
pub struct RedisJobs {
    link: Link,
    queue: String,
    /// How long a lease lasts unless it is renewed.
    lasts: Duration,
    /// There is none before the first job is taken.
    lease: Option<Arc<Lease>>,
}

impl RedisJobs {
    pub fn new(url: &str, queue: &str, lasts: Duration) -> Result<Self> {
        Ok(RedisJobs {
            link: Link::new(url)?,
            queue: queue.to_owned(),
            lasts,
            lease: None,
        })
    }

    fn key(&self, what: &str) -> String {
        format!("{}:{what}", self.queue)
    }

    fn taken(&self, worker: &str) -> String {
        self.key(&format!("taken:{worker}"))
    }

    /// Becomes a worker under a new name, with a heart: a thread that renews the lease.
    fn new_lease(&mut self) -> Result<Arc<Lease>> {
        let mut heart = Link::new(&self.link.url)?;
        let worker = format!("{:016x}", random());
        let (workers, lease) = (self.key("workers"), self.key(&format!("lease:{worker}")));
        let (lasts, name) = (self.lasts, worker.clone());
        let mut beat = move || -> Result<()> {
            heart.ask(|redis| {
                redis.pset_ex::<_, _, ()>(&lease, "alive", lasts.as_millis() as u64)
            })?;
            // The name outlives the lease, so whatever the worker had is found, even late.
            heart.ask(|redis| redis.zadd(&workers, &name, unix_time()))
        };
        beat()?;
        let (life, death) = mpsc::channel();
        thread::spawn(move || {
            while death.recv_timeout(lasts / 3) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = beat() {
                    eprintln!("error: a lease runs out: {error}");
                    return;
                }
            }
        });
        let _heart = Some(life);
        Ok(Arc::new(Lease { worker, _heart }))
    }
}

impl Jobs for RedisJobs {
    fn put(&mut self, jobs: &[&[u8]]) -> Result<()> {
        let waiting = self.key("waiting");
        self.link.ask(|redis| redis.rpush(&waiting, jobs))
    }

    fn pop(&mut self, limit: Duration) -> Result<Option<Vec<u8>>> {
        let waiting = self.key("waiting");
        let popped: Option<(String, Vec<u8>)> = self
            .link
            .ask(|redis| redis.blpop(&waiting, limit.as_secs_f64()))?;
        Ok(popped.map(|(_list, job)| job))
    }

    // ANCHOR: take
    fn take(&mut self, limit: Duration) -> Result<Option<Claim>> {
        let waiting = self.key("waiting");
        loop {
            if self.lease.is_none() {
                self.lease = Some(self.new_lease()?);
            }
            let lease = self.lease.clone().expect("there is one now");
            let taken = self.taken(&lease.worker);
            let limit = limit.as_secs_f64();
            let (left, right) = (Direction::Left, Direction::Right);
            let redis = self.link.connection()?;
            match redis.blmove(&waiting, &taken, left, right, limit) {
                Ok(None) => return Ok(None),
                Ok(Some(job)) => return Ok(Some(Claim { job, lease })),
                Err(error) if is_lost(&error) => {
                    // A job may have been moved without our hearing of it.
                    // Under this name nobody takes any more, so the lease ends when its
                    // other jobs are done, and what is left in its list is given back.
                    self.lease = None;
                    self.link.lost();
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    // ANCHOR_END: take

    fn done(&mut self, claim: &Claim) -> Result<bool> {
        let (taken, times) = (self.taken(&claim.lease.worker), self.key("times"));
        let (struck, _): (usize, usize) = self.link.ask(|redis| {
            redis::pipe()
                .lrem(&taken, 1, &claim.job)
                .hdel(&times, &claim.job)
                .query(redis)
        })?;
        Ok(struck == 1)
    }

    fn set_aside(&mut self, claim: &Claim, reason: &str) -> Result<()> {
        let (taken, aside) = (self.taken(&claim.lease.worker), self.key("aside"));
        let with_reason = [&claim.job, b": ".as_slice(), reason.as_bytes()].concat();
        // Both or neither, so that the job is never nowhere.
        self.link.ask(|redis| {
            redis::pipe()
                .atomic()
                .rpush(&aside, &with_reason)
                .lrem(&taken, 1, &claim.job)
                .exec(redis)
        })
    }

    fn recover(&mut self) -> Result<Vec<String>> {
        let script = Script::new(include_str!("recover.lua"));
        let mut call = script.key(&self.queue);
        let call = call.arg(MOST_TIMES);
        let given_back: Vec<Vec<u8>> = self.link.ask(|redis| call.invoke(redis))?;
        Ok(given_back.iter().map(|job| text(job)).collect())
    }

    fn count(&mut self) -> Result<(usize, usize)> {
        let (waiting, workers) = (self.key("waiting"), self.key("workers"));
        let names: Vec<String> = self.link.ask(|redis| redis.zrange(&workers, 0, -1))?;
        let mut taken = 0;
        for name in names {
            let list = self.taken(&name);
            taken += self.link.ask(|redis| redis.llen::<_, usize>(&list))?;
        }
        Ok((self.link.ask(|redis| redis.llen(&waiting))?, taken))
    }

    fn aside(&mut self) -> Result<Vec<String>> {
        let aside = self.key("aside");
        let aside: Vec<Vec<u8>> = self.link.ask(|redis| redis.lrange(&aside, 0, -1))?;
        Ok(aside.iter().map(|job| text(job)).collect())
    }
}

/// A connection, or the wish for one.
struct Link {
    url: String,
    client: Client,
    connection: Option<Connection>,
}

impl Link {
    fn new(url: &str) -> Result<Link> {
        Ok(Link {
            url: url.to_owned(),
            client: Client::open(url)?,
            connection: None,
        })
    }

    /// Asks until there is an answer. A question whose answer was lost is asked again, so it may have been heard twice.
    fn ask<T>(&mut self, question: impl Fn(&mut Connection) -> RedisResult<T>) -> Result<T> {
        loop {
            match question(self.connection()?) {
                Err(error) if is_lost(&error) => self.lost(),
                answer => return Ok(answer?),
            }
        }
    }

    /// Gives the connection, or makes a new one, with longer and longer pauses between the tries.
    fn connection(&mut self) -> Result<&mut Connection> {
        let (start, mut pause) = (Instant::now(), FIRST_PAUSE);
        while self.connection.is_none() {
            match connect(&self.client, PATIENCE) {
                Ok(connection) => self.connection = Some(connection),
                Err(error) if is_lost(&error) && start.elapsed() < PATIENCE => {
                    thread::sleep(pause);
                    pause = LONGEST_PAUSE.min(2 * pause);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.connection.as_mut().expect("it was made just now"))
    }

    fn lost(&mut self) {
        self.connection = None;
    }
}

/// Tells whether another connection may help: the server is away, or it is reading its files.
fn is_lost(error: &RedisError) -> bool {
    error.is_io_error() || error.code() == Some("LOADING")
}

/// Connects, and makes sure that a server answers, and that it may be asked.
fn connect(client: &Client, limit: Duration) -> RedisResult<Connection> {
    let mut connection = client.get_connection_with_timeout(limit)?;
    // A server that vanished without a word must not be waited for without end.
    connection.set_read_timeout(Some(limit))?;
    connection.ping::<()>()?;
    Ok(connection)
}

/// Says in one sentence what is wrong with an address; the password stays unsaid.
pub fn check(url: &str, limit: Duration) -> Result<()> {
    let client = Client::open(url).map_err(|error| Error::msg(format!("no address: {error}")))?;
    let address = client.get_connection_info().addr().to_string();
    connect(&client, limit)
        .map_err(|error| Error::msg(format!("no server answers at {address}: {error}")))?;
    Ok(())
}

/// Removes a queue with everything that belongs to it.
pub fn remove(url: &str, queue: &str) -> Result<()> {
    let mut redis = Client::open(url)?.get_connection()?;
    let keys: Vec<String> = redis
        .scan_match(format!("{queue}:*"))?
        .collect::<RedisResult<_>>()?;
    if !keys.is_empty() {
        redis.del::<_, ()>(keys)?;
    }
    Ok(())
}

fn unix_time() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// Gives a number that no other worker has: the standard library seeds its hash maps with such numbers.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
