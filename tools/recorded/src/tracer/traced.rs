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

use super::{POLLED, Polled, Tracer};

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

impl Life {
    /// Records the end of the task, unless it has ended.
    fn end(&self, kind: Kind) {
        let alive = self.tracer.state().alive.remove(&self.task);
        if alive.is_some() {
            self.tracer.record(kind, None);
        }
    }
}

impl<F: Future> Traced<F> {
    pub(super) fn new(future: F, task: u64, tracer: &'static Tracer) -> Self {
        let scheduled = Arc::default();
        Traced { future: Some(Box::pin(future)), life: Some(Life { task, tracer, scheduled }) }
    }

    /// Wraps a future that is not recorded.
    pub(crate) fn untold(future: F) -> Self {
        Traced { future: Some(Box::pin(future)), life: None }
    }

    /// Records that its next poll is due.
    pub(super) fn wakes(&self) {
        if let Some(life) = &self.life {
            life.scheduled.store(true, Ordering::Relaxed);
            let task = life.task;
            life.tracer.record(Kind::Woken { task }, None);
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
        /// Records the end of the step and gives the thread back to whoever polls, also after a panic.
        struct Step(Option<Polled>, &'static Tracer, u64);
        impl Drop for Step {
            fn drop(&mut self) {
                self.1.record(Kind::StepEnd { task: self.2 }, None);
                POLLED.set(self.0.take());
            }
        }
        let this = &mut *self;
        let future = this.future.as_mut().expect("polled after it was ready");
        let Some(life) = &this.life else {
            return future.as_mut().poll(cx);
        };
        let (task, tracer) = (life.task, life.tracer);
        life.scheduled.store(false, Ordering::Release);
        let waker = Waker::from(Arc::new(TracedWaker {
            inner: cx.waker().clone(),
            task,
            tracer,
            scheduled: life.scheduled.clone(),
        }));
        let polled = Polled { task, tracer, told: false, at: None };
        let step = Step(POLLED.replace(Some(polled)), tracer, task);
        tracer.record(Kind::StepBegin { task }, None);
        let mut cx = Context::from_waker(&waker);
        // Nothing of the future is looked at after a panic, which goes on below.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut cx)));
        match &polled {
            Ok(Poll::Ready(output)) => {
                let outcome = outcome(output);
                this.future = None;
                life.end(Kind::TaskDone { task, outcome });
            }
            Ok(Poll::Pending) => {
                let told = |polled: &Option<Polled>| polled.as_ref().is_some_and(|it| it.told);
                if !POLLED.with_borrow(told) {
                    let on = Awaited::Foreign;
                    tracer.record(Kind::Awaits { task, on }, None);
                }
            }
            Err(panic) => {
                let outcome = Outcome::Exception(panicked(&**panic));
                life.end(Kind::TaskDone { task, outcome });
            }
        }
        drop(step);
        polled.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl<F: Future> Drop for Traced<F> {
    fn drop(&mut self) {
        let Some(life) = &self.life else { return };
        let task = life.task;
        let asked = life.tracer.state().alive.get(&task).copied();
        life.end(match asked {
            Some(true) => Kind::TaskDone { task, outcome: Outcome::Cancelled },
            _ => Kind::TaskDropped { task },
        });
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
