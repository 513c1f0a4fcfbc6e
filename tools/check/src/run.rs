//! One run of a reader's future, and what was seen of it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use asyncio::observe::Kind;
use asyncio::{EventLoop, RunError};
use tokio::runtime;

use crate::Checks;
use crate::record::{self, Record};

/// The identifier of the check that fails when a run does not come to its end.
pub const ENDS: &str = "ends";

/// From so long on a step blocks the thread, in real or in virtual time.
///
/// Much longer than all steps of an exercise take on a busy machine; an exercise that blocks in earnest does so for two seconds or more.
pub const BLOCKED_FROM: Duration = Duration::from_secs(1);

/// Longer than any exercise sleeps, and within what Tokio's timers can count.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// What was seen of a run.
#[derive(Debug)]
pub struct Run<T> {
    /// What it gave; or, if it did not come to its end, the place of the check [`ENDS`] that has failed, and all others are left out.
    ///
    /// [`Checks`] alone looks at it, so that no claim is left out in silence.
    pub(crate) value: Result<T, usize>,
    /// How much time passed on the clock of the run, which is virtual unless it ran in real time.
    pub elapsed: Duration,
    /// How many tasks were left when it ended.
    pub tasks_left: usize,
    /// Says what kept the thread busy for long, if anything did.
    pub blocked: Option<String>,
    pub(crate) record: Record,
}

impl<T> Run<T> {
    /// Lists what was noted, in order.
    pub fn trace(&self) -> &[String] {
        &self.record.trace
    }

    /// Counts how often somebody entered a place.
    pub fn entered(&self, place: &str) -> usize {
        self.record.places.get(place).map_or(0, |p| p.entered)
    }

    /// Tells the most that were in a place at the same time.
    pub fn highest(&self, place: &str) -> usize {
        self.record.places.get(place).map_or(0, |p| p.highest)
    }

    /// Counts who was still in a place when the run ended.
    pub fn inside(&self, place: &str) -> usize {
        self.record.places.get(place).map_or(0, |p| p.inside)
    }
}

impl Checks {
    /// Runs a future on a new loop of the workbook's library, on the virtual clock.
    ///
    /// An error, a panic, or a stall fails the check [`ENDS`].
    pub fn on_loop<T: Clone + 'static>(&mut self, main: impl Future<Output = asyncio::Result<T>> + 'static) -> Run<T> {
        record::begin();
        let event_loop = EventLoop::with_virtual_clock();
        let slow = Rc::new(RefCell::new(None));
        let heard = slow.clone();
        event_loop.set_debug(true);
        event_loop.set_slow_callback_duration(BLOCKED_FROM);
        event_loop.set_exception_handler(move |context| {
            if context.message.starts_with("Executing ") {
                *heard.borrow_mut() = Some(context.message.clone());
            } else {
                println!("{context}");
            }
        });
        let rests = Cell::new(false);
        event_loop.set_observer(move |event| {
            let waits = matches!(event.kind, Kind::LoopWaits { .. });
            if rests.replace(waits) != waits {
                record::rest(waits);
            }
        });
        // On a virtual clock a whole run takes no real time worth mentioning, so nobody has to time single steps.
        let busy = Busy::default();
        busy.begin();
        let ended = catch_unwind(AssertUnwindSafe(|| event_loop.run_until_complete(main)));
        busy.end();
        let record = record::end();
        let slow = slow.borrow().clone();
        let elapsed = event_loop.time();
        let tasks_left = event_loop.all_tasks().len();
        // What is left is expected to be reported when the loop closes, and was counted already.
        event_loop.set_exception_handler(|_| {});
        let closed = catch_unwind(AssertUnwindSafe(|| event_loop.close()));
        let value = match ended {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) if matches!(error.downcast_ref(), Some(RunError::Stalled)) => Err(self.stalled(tasks_left)),
            Ok(Err(error)) => Err(self.not_ended(format!("it ended with the error \"{error}\""))),
            Err(panic) => Err(self.not_ended(panicked(&*panic))),
        };
        if let Err(panic) = closed {
            self.not_ended(panicked(&*panic));
        }
        Run { value, elapsed, tasks_left, blocked: record.blocked.clone().or(slow).or(busy.blocked()), record }
    }

    /// Runs a future on a new runtime of Tokio with one thread, on the paused clock.
    ///
    /// A panic or a stall fails the check [`ENDS`].
    pub fn on_tokio<T>(&mut self, main: impl Future<Output = T>) -> Run<T> {
        // The paused clock jumps to the next timer when nothing can run; if only this limit is left, nothing ever will.
        self.on_runtime(main, true, FAR)
    }

    /// Runs a future on a new runtime of Tokio with one thread, in real time, and for at most so long.
    ///
    /// Only for what no virtual clock can stand for: other processes.
    /// A panic fails the check [`ENDS`], and so does a run that is not over in time.
    pub fn in_real_time<T>(&mut self, limit: Duration, main: impl Future<Output = T>) -> Run<T> {
        self.on_runtime(main, false, limit)
    }

    fn on_runtime<T>(&mut self, main: impl Future<Output = T>, paused: bool, limit: Duration) -> Run<T> {
        record::begin();
        let busy = Busy::default();
        let (parks, unparks) = (busy.clone(), busy.clone());
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(paused)
            .on_thread_park(move || {
                parks.end();
                record::rest(true);
            })
            .on_thread_unpark(move || {
                record::rest(false);
                unparks.begin();
            })
            .build()
            .expect("the operating system gives what a runtime needs");
        busy.begin();
        let mut elapsed = Duration::ZERO;
        let ended = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                let start = tokio::time::Instant::now();
                let ended = tokio::time::timeout(limit, main).await;
                elapsed = start.elapsed();
                ended
            })
        }));
        busy.end();
        let record = record::end();
        let tasks_left = runtime.metrics().num_alive_tasks();
        // A job on another thread may never end, and must not hold up the report.
        runtime.shutdown_background();
        let value = match ended {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(_)) if paused => Err(self.stalled(tasks_left)),
            Ok(Err(_)) => Err(self.not_ended(format!("it was still waiting after {} s", limit.as_secs_f64()))),
            Err(panic) => Err(self.not_ended(panicked(&*panic))),
        };
        Run { value, elapsed, tasks_left, blocked: record.blocked.clone().or(busy.blocked()), record }
    }

    fn stalled(&mut self, tasks: usize) -> usize {
        let spawned = match tasks {
            0 => String::new(),
            n => format!(" ({n} unfinished)"),
        };
        self.not_ended(format!("it waits for ever: {}{spawned}", RunError::Stalled))
    }
}

/// Says what a panic said.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> String {
    let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "a value that is not text",
    };
    format!("it panicked: {message}")
}

/// Measures how long a runtime's thread is busy from one rest to the next.
#[derive(Clone, Default)]
struct Busy(Arc<Mutex<(Option<Instant>, Duration)>>);

impl Busy {
    fn begin(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = Some(Instant::now());
    }

    fn end(&self) {
        let mut busy = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = busy.0.take() {
            busy.1 = busy.1.max(since.elapsed());
        }
    }

    fn blocked(&self) -> Option<String> {
        let longest = self.0.lock().unwrap_or_else(PoisonError::into_inner).1;
        (longest >= BLOCKED_FROM)
            .then(|| format!("the thread was busy for {:.3} seconds without a rest", longest.as_secs_f64()))
    }
}
