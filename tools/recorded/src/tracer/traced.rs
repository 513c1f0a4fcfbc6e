//! A future of Tokio whose life is recorded.

use std::any::{Any, type_name};
use std::future::Future;
use std::mem::discriminant;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use asyncio::observe::{Awaited, Kind, Outcome};

use super::{POLLED, Polled, Tracer, with_waits};

/// Tells of a wake-up and passes it on.
struct TracedWaker {
    inner: Waker,
    task: u64,
    tracer: &'static Tracer,
    /// True from a wake-up to the next poll: only the first of several is an event.
    scheduled: Arc<AtomicBool>,
}

impl Wake for TracedWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.scheduled.swap(true, Ordering::AcqRel) {
            self.tracer.record(Kind::Woken { task: self.task }, None);
        }
        self.inner.wake_by_ref();
    }
}

/// A future whose life is recorded: see [`Tracer::traced`]; or one that nobody records.
///
/// Each poll makes a waker of its own, which costs an allocation; a recording is not for measuring.
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Traced<F: Future> {
    /// `None` once it is ready. One that panicked stays, because whoever polls drops it.
    future: Option<Pin<Box<F>>>,
    life: Option<Life>,
}

/// What is known of a task that is recorded.
struct Life {
    task: u64,
    tracer: &'static Tracer,
    scheduled: Arc<AtomicBool>,
}

// Choice: what does not depend on the future is here and not in `Traced`, because the compiler makes each method of that anew in every program that is recorded.
impl Life {
    fn new(task: u64, tracer: &'static Tracer) -> Self {
        Life { task, tracer, scheduled: Arc::default() }
    }

    /// Records that the next poll is due.
    fn wakes(&self) {
        self.scheduled.store(true, Ordering::Relaxed);
        self.tracer.record(Kind::Woken { task: self.task }, None);
    }

    /// Begins a poll; it is with this waker.
    fn step(&self, outer: &Waker) -> (Step, Waker) {
        let Life { task, tracer, .. } = *self;
        self.scheduled.store(false, Ordering::Release);
        let waker = TracedWaker { inner: outer.clone(), task, tracer, scheduled: self.scheduled.clone() };
        let polled = Polled { task, tracer, waits: Vec::new(), at: None };
        let step = Step(POLLED.replace(Some(polled)), tracer, task);
        tracer.record(Kind::StepBegin { task }, None);
        (step, Waker::from(Arc::new(waker)))
    }

    /// Records that a poll did not end the future, and what it waits for, as far as it has said.
    fn pending(&self) {
        let mut waits = Vec::new();
        with_waits(|told| waits.append(told));
        if waits.is_empty() {
            self.tracer.record(Kind::Awaits { task: self.task, on: Awaited::Foreign }, None);
        }
        for (on, at) in waits {
            self.tracer.record(Kind::Awaits { task: self.task, on }, Some(at));
        }
    }

    fn done(&self, outcome: Outcome) {
        self.end(Kind::TaskDone { task: self.task, outcome });
    }

    fn dropped(&self) {
        let task = self.task;
        let asked = self.tracer.state().alive.get(&task).copied();
        match asked {
            Some(true) => self.done(Outcome::Cancelled),
            _ => self.end(Kind::TaskDropped { task }),
        }
    }

    /// Records the end of the task, unless it has ended.
    fn end(&self, kind: Kind) {
        let alive = self.tracer.state().alive.remove(&self.task);
        if alive.is_some() {
            self.tracer.record(kind, None);
        }
    }
}

/// Records the end of the step and gives the thread back to whoever polls, also after a panic.
struct Step(Option<Polled>, &'static Tracer, u64);

impl Drop for Step {
    fn drop(&mut self) {
        self.1.record(Kind::StepEnd { task: self.2 }, None);
        POLLED.set(self.0.take());
    }
}

impl<F: Future> Traced<F> {
    pub(super) fn new(future: F, task: u64, tracer: &'static Tracer) -> Self {
        Traced { future: Some(Box::pin(future)), life: Some(Life::new(task, tracer)) }
    }

    /// Wraps a future that is not recorded.
    pub(crate) fn untold(future: F) -> Self {
        Traced { future: Some(Box::pin(future)), life: None }
    }

    /// Records that its next poll is due.
    pub(super) fn wakes(&self) {
        if let Some(life) = &self.life {
            life.wakes();
        }
    }

    /// Gives the number of its task, if that is recorded.
    pub(crate) fn task(&self) -> Option<u64> {
        self.life.as_ref().map(|life| life.task)
    }
}

impl<F: Future> Future for Traced<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let future = this.future.as_mut().expect("polled after it was ready");
        let Some(life) = &this.life else {
            return future.as_mut().poll(cx);
        };
        let (step, waker) = life.step(cx.waker());
        let mut cx = Context::from_waker(&waker);
        // Nothing of the future is looked at after a panic, which goes on below.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut cx)));
        match &polled {
            Ok(Poll::Ready(output)) => {
                let outcome = outcome(output);
                this.future = None;
                life.done(outcome);
            }
            Ok(Poll::Pending) => life.pending(),
            Err(panic) => life.done(Outcome::Exception(panicked(&**panic))),
        }
        drop(step);
        polled.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl<F: Future> Drop for Traced<F> {
    fn drop(&mut self) {
        if let Some(life) = &self.life {
            life.dropped();
        }
    }
}

/// How a task ended that gives this.
///
/// Choice: the output can be of any type, and only the number of its variant can be had of them all. So an error is told from a
/// result, and its text stays unknown.
fn outcome<T>(output: &T) -> Outcome {
    let variant = format!("{:?}", discriminant(output));
    let error = format!("{:?}", discriminant(&Err::<(), ()>(())));
    if type_name::<T>().starts_with("core::result::Result<") && variant == error {
        Outcome::Exception("Err(…)".to_owned())
    } else {
        Outcome::Result
    }
}

/// What a panic says, in the words of this library's tasks.
fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panicked: {}", text.unwrap_or("a value that is not text"))
}
