//! A queue of jobs outside of the program: in Redis, or, where there is no server, in this process and behind the same trait.

pub mod in_process;
pub mod in_redis;
pub mod worker;

use std::env;
use std::sync::Arc;
use std::time::Duration;

use asyncio::{Error, Result};
use private_redis::Server;

use in_process::{ProcessJobs, Shared};
use in_redis::RedisJobs;

/// A connection to a queue of jobs. A job is some bytes, because that is what an item of a Redis list is.
///
/// Every job is done *at least once*: a worker that dies between doing a job and striking it off leaves it to another.
pub trait Jobs: Send {
    /// Puts jobs at the end of the queue.
    fn put(&mut self, jobs: &[&[u8]]) -> Result<()>;

    /// Waits for a job, no longer than the limit, and removes it. If its worker dies now, the job is lost.
    fn pop(&mut self, limit: Duration) -> Result<Option<Vec<u8>>>;

    /// Waits for a job, no longer than the limit, and notes down that this worker has it.
    fn take(&mut self, limit: Duration) -> Result<Option<Claim>>;

    /// Strikes a job off. Tells whether the worker still had it; otherwise somebody else may do it, too.
    fn done(&mut self, claim: &Claim) -> Result<bool>;

    /// Strikes a job off that cannot be done, and keeps it with the reason.
    fn set_aside(&mut self, claim: &Claim, reason: &str) -> Result<()>;

    /// Gives back what dead workers had, and tells which jobs these were.
    fn recover(&mut self) -> Result<Vec<String>>;

    /// Counts the jobs that wait and those that workers have.
    fn count(&mut self) -> Result<(usize, usize)>;

    /// Lists the jobs that were set aside, each with its reason.
    fn aside(&mut self) -> Result<Vec<String>>;
}

/// A job that a worker has taken.
pub struct Claim {
    pub job: Vec<u8>,
    lease: Arc<Lease>,
}

/// The right to be taken for alive. It lasts as long as the worker takes jobs or has one, or until the process dies.
struct Lease {
    worker: String,
    /// Dropping it stops the heart that renews the lease; a worker in this process needs none.
    _heart: Option<std::sync::mpsc::Sender<()>>,
}

/// How often a job may be given back; one that kills its workers again and again is set aside.
const MOST_TIMES: usize = 3;

/// How long a server that was named may take for its first answer.
const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// Where the queue is.
pub enum Place {
    /// A server that somebody else runs; ours are only the keys of this queue, which the value removes when it is dropped.
    Given { url: String, queue: String },
    /// A server that lives as long as this value.
    Private(Server),
    /// No server, and why.
    Process { queue: Shared, why: String },
}

impl Place {
    // ANCHOR: open
    /// Takes the server that `REDIS_URL` names, or starts one, or makes a queue in this
    /// process if there is none to start.
    ///
    /// A server that was named and does not answer is an error: it is the one wanted.
    pub fn open() -> Result<Place> {
        let url = env::var("REDIS_URL").unwrap_or_default();
        if url.is_empty() {
            return Ok(match Server::start() {
                Ok(server) => Place::Private(server),
                Err(why) => Place::Process {
                    queue: Shared::default(),
                    why: why.to_string(),
                },
            });
        }
        in_redis::check(&url, FIRST_ANSWER)
            .map_err(|why| Error::msg(format!("REDIS_URL: {why}")))?;
        let queue = format!("asyncio-workbook-{}", std::process::id());
        Ok(Place::Given { url, queue })
    }
    // ANCHOR_END: open

    /// Connects to the queue. A lease that is not renewed for this long has run out, and its worker is taken for dead.
    pub fn connect(&self, lease: Duration) -> Result<Box<dyn Jobs>> {
        Ok(match self {
            Place::Given { url, queue } => Box::new(RedisJobs::new(url, queue, lease)?),
            Place::Private(server) => Box::new(RedisJobs::new(&server.url(), "shop", lease)?),
            Place::Process { queue, .. } => Box::new(ProcessJobs::new(queue.clone())),
        })
    }

    /// Says in a few words where the queue is.
    pub fn name(&self) -> String {
        match self {
            Place::Given { .. } => "the Redis server that REDIS_URL names".to_owned(),
            Place::Private(_) => "a Redis server of this program's own".to_owned(),
            Place::Process { why, .. } => format!("this process, because {why}"),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Place::Given { url, queue } = self
            && let Err(error) = in_redis::remove(url, queue)
        {
            eprintln!("note: keys of {queue} are left: {error}");
        }
    }
}

// ANCHOR: seconds
/// Reads an order, or says why it is none.
pub fn seconds(job: &[u8]) -> Result<u64, &'static str> {
    let text = str::from_utf8(job).map_err(|_| "not text")?;
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("not a number");
    }
    match digits.parse() {
        _ if text.starts_with('-') => Err("negative"),
        Ok(seconds) if seconds <= 86_400 => Ok(seconds),
        _ => Err("longer than a day"),
    }
}
// ANCHOR_END: seconds

/// Shows a job to people.
pub fn text(job: &[u8]) -> String {
    String::from_utf8_lossy(job).into_owned()
}
