//! What a task waits for, told while it waits; Tokio itself tells nobody.

use std::fmt;
use std::future::{Future, poll_fn};
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::pin;
use std::task::Poll;

use ::tokio::time::Instant;
use asyncio::observe::{Awaited, Place};

use crate::tracer::{Tracer, awaits, awaits_no_more, polling};

/// Something of Tokio's, some of whose methods are shadowed by others that do the same and tell who waits.
#[derive(Clone, Default)]
pub struct Told<S: ?Sized>(pub(crate) S);

impl<S: ?Sized> Deref for Told<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0
    }
}

impl<S: ?Sized> DerefMut for Told<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.0
    }
}

impl<S: fmt::Debug + ?Sized> fmt::Debug for Told<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One wait, which has its number in the record from the first poll that does not end it.
#[derive(Debug)]
pub(crate) struct Wait {
    label: &'static str,
    until: Option<Instant>,
    promise: Option<u64>,
}

impl Wait {
    /// Makes a wait for this, which is a label of the schema.
    pub(crate) fn new(label: &'static str, until: Option<Instant>) -> Self {
        Wait { label, until, promise: None }
    }

    /// Tells that the running task waits, if it does.
    pub(crate) fn tell<T>(&mut self, polled: &Poll<T>, at: Place) {
        if polled.is_pending() {
            self.tell_pending(at);
        }
    }

    fn tell_pending(&mut self, at: Place) {
        if let Some(tracer) = Tracer::running() {
            let promise = self.promise.get_or_insert_with(|| tracer.promise(self.label, self.until, at));
            awaits(Awaited::Promise(*promise), at);
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(promise) = self.promise {
            awaits_no_more(&Awaited::Promise(promise));
        }
    }
}

/// Polls the future as whoever awaits it does, and tells what for; the line is that of the call.
#[track_caller]
pub(crate) fn telling<F: Future>(label: &'static str, future: F) -> impl Future<Output = F::Output> {
    telling_until(label, None, future)
}

/// As [`telling`], for a wait that has an end.
#[track_caller]
pub(crate) fn telling_until<F: Future>(
    label: &'static str,
    until: Option<Instant>,
    future: F,
) -> impl Future<Output = F::Output> {
    let at = Location::caller();
    async move {
        let mut wait = Wait::new(label, until);
        let mut future = pin!(future);
        poll_fn(|cx| {
            let polled = polling(at, || future.as_mut().poll(cx));
            wait.tell(&polled, at);
            polled
        })
        .await
    }
}
