//! The leaf on which a task waits for a promise.

use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::error::{AwaitError, Error, Result};
use crate::event_loop::{Body, Core};
use crate::events::{Kind, Place};
use crate::header::Header;
use crate::leaf::{Awaiter, Registration};
use crate::promise::Promise;
use crate::slot::Hook;
use crate::waits::Cancel;

impl<T: Clone + 'static> IntoFuture for Promise<T> {
    type Output = Result<T>;
    type IntoFuture = Awaiting<T>;

    /// Is what `.await` calls, so the caller's line is that of the await.
    #[track_caller]
    fn into_future(self) -> Awaiting<T> {
        Awaiting {
            promise: self,
            hook: None,
            registration: Registration::default(),
            at: Location::caller(),
        }
    }
}

impl<T: Clone + 'static> IntoFuture for &Promise<T> {
    type Output = Result<T>;
    type IntoFuture = Awaiting<T>;

    #[track_caller]
    fn into_future(self) -> Awaiting<T> {
        self.clone().into_future()
    }
}

/// The `await` of a promise or a task: the leaf on which nearly every task of this library is suspended.
///
/// # Cancellation
/// A cancelled task sees `Err(Cancelled)` here, even when the value has arrived but was not looked at yet.
/// A task that is suspended on several leaves, in a `join!` or a `select!`, sees it at each of them.
/// Dropping the leaf takes its waker back and leaves the promise alone.
#[must_use = "futures do nothing unless awaited"]
pub struct Awaiting<T: 'static> {
    promise: Promise<T>,
    /// What the promise will do for the leaf when it is done.
    hook: Option<u64>,
    /// The entry in the list of what the task waits for, through which a cancellation comes.
    registration: Registration,
    at: Place,
}

impl<T: 'static> Awaiting<T> {
    #[cold]
    fn observe(&self, core: &Core, header: &Header) {
        core.observe(
            |observation| Kind::Awaits {
                task: header.number,
                on: self.promise.cell.identity().awaited(observation),
            },
            Some(self.at),
        );
    }

    /// Enters the leaf into the line of what the task waits for.
    #[inline]
    fn register(&mut self, core: &Rc<Core>, task: &Rc<dyn Body>) -> Result<(), AwaitError> {
        if !self.promise.belongs_to(core) {
            return Err(AwaitError::DifferentLoop);
        }
        let target: Rc<dyn Cancel> = self.promise.cell.clone();
        if std::ptr::addr_eq(Rc::as_ptr(&target), Rc::as_ptr(task)) {
            return Err(AwaitError::OnItself);
        }
        self.registration.enter(task, Some(target));
        if core.is_watched() {
            self.observe(core, task.header());
        }
        Ok(())
    }

    /// Lets the promise wake who polls, and nobody who polled before.
    #[inline]
    fn hook_up(&mut self, awaiter: Awaiter) {
        let slot = self.promise.cell.slot();
        match self.hook {
            None => self.hook = Some(slot.add_hook(Hook::Wake(awaiter))),
            Some(hook) => slot.replace_hook(hook, Hook::Wake(awaiter)),
        }
    }

    fn unhook(&mut self) {
        if let Some(hook) = self.hook.take() {
            self.promise.cell.slot().remove_hook(hook);
        }
    }
}

impl<T: Clone + 'static> Future for Awaiting<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        let outcome = match this.registration.thrown() {
            Some(cancelled) => Some(Err(cancelled.into())),
            None => this.promise.outcome(),
        };
        if let Some(outcome) = outcome {
            this.unhook();
            let cancelled = || outcome.as_ref().is_err_and(Error::is_cancelled);
            this.registration.arrived(cancelled);
            return Poll::Ready(outcome);
        }
        let suspended = Core::with_current(|core, task| {
            if !this.registration.is_entered() {
                this.register(core, task)?;
            }
            this.hook_up(Awaiter::of(task.header(), cx));
            Ok(())
        });
        match suspended {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                let error: AwaitError = error;
                return Poll::Ready(Err(error.into()));
            }
            None => this.hook_up(Awaiter::Other(cx.waker().clone())),
        }
        Poll::Pending
    }
}

impl<T: 'static> Drop for Awaiting<T> {
    fn drop(&mut self) {
        self.unhook();
    }
}
