//! What a program says of itself while it runs.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::BLOCKED_FROM;

/// What was said since the run began.
///
/// There is one for the whole process, because a reader's functions should not carry it about; so one run at a time.
static RECORD: Mutex<Record> =
    Mutex::new(Record { run: 0, trace: Vec::new(), places: BTreeMap::new(), thread: None, rests: true, blocked: None });

/// Rings when the loop comes to rest.
static RESTED: Condvar = Condvar::new();

#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Numbers the runs, so that a visit that outlives its run is not counted in the next.
    run: u64,
    pub(crate) trace: Vec<String>,
    pub(crate) places: BTreeMap<String, Place>,
    /// The thread of the loop.
    thread: Option<ThreadId>,
    /// Whether that thread has nothing to do at the moment, or no run is under way.
    rests: bool,
    /// Says what kept that thread, if anything did.
    pub(crate) blocked: Option<String>,
}

/// Who is where.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    pub(crate) entered: usize,
    pub(crate) inside: usize,
    /// The most that were inside at the same time.
    pub(crate) highest: usize,
}

fn record() -> MutexGuard<'static, Record> {
    RECORD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins a new record.
pub(crate) fn begin() {
    let mut record = record();
    record.run += 1;
    record.trace.clear();
    record.places.clear();
    record.thread = Some(thread::current().id());
    record.rests = false;
    record.blocked = None;
}

/// Notes that the loop's thread has come to rest, or goes on.
pub(crate) fn rest(rests: bool) {
    record().rests = rests;
    if rests {
        RESTED.notify_all();
    }
}

/// Ends the run, so that nobody waits for its thread any more, and copies what was recorded.
pub(crate) fn end() -> Record {
    rest(true);
    record().clone()
}

/// Adds a line to the trace that the checks compare.
pub fn note(line: impl Into<String>) {
    record().trace.push(line.into());
}

/// Keeps the thread for so long, as a blocking call does, but on the clock of the run.
///
/// On the loop's thread nothing else can run meanwhile, which `never_blocked` sees, and on the workbook's loop the virtual clock moves.
/// On any other thread it ends as soon as the loop's thread has nothing else to do.
/// If that thread stands still meanwhile, because it waits for this one, `never_blocked` sees it, too.
pub fn block(duration: Duration) {
    let mut record = record();
    if record.thread != Some(thread::current().id()) {
        wait_for_rest(record);
        return;
    }
    let seconds = duration.as_secs_f64();
    record.blocked = Some(format!("a call kept the loop's thread for {seconds} s"));
    drop(record);
    if let Ok(event_loop) = asyncio::get_running_loop() {
        event_loop.advance(duration);
    }
}

fn wait_for_rest(record: MutexGuard<'static, Record>) {
    let run = record.run;
    let busy = |record: &mut Record| record.run == run && !record.rests;
    let (mut record, waited) =
        RESTED.wait_timeout_while(record, BLOCKED_FROM, busy).unwrap_or_else(PoisonError::into_inner);
    if waited.timed_out() {
        record.blocked = Some(
            "the loop's thread never rested: it waited for another thread, or asked for it again and again".to_owned(),
        );
    }
}

/// Says that somebody is in a place from now on, until the value is dropped.
///
/// The checks ask how many were there at the same time, and whether all have left.
pub fn enter(place: impl Into<String>) -> Visit {
    let place = place.into();
    let mut record = record();
    let run = record.run;
    let counts = record.places.entry(place.clone()).or_default();
    counts.entered += 1;
    counts.inside += 1;
    counts.highest = counts.highest.max(counts.inside);
    Visit { place, run }
}

/// Somebody's stay in a place; dropping it ends the stay.
#[derive(Debug)]
#[must_use = "dropping a visit ends it: bind it with `let _visit = …`"]
pub struct Visit {
    place: String,
    run: u64,
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut record = record();
        if record.run != self.run {
            return;
        }
        if let Some(counts) = record.places.get_mut(&self.place) {
            counts.inside -= 1;
        }
    }
}
