//! `tokio::time`, whose sleeps say until when a task sleeps.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::time;
use asyncio::observe::{Awaited, Place};
use asyncio_trace::Tracer;

pub use ::tokio::time::*;

/// Sleeps as Tokio does.
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::new(time::sleep(duration))
}

/// Sleeps as Tokio does.
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::new(time::sleep_until(deadline))
}

/// Tokio's sleep, which tells who sleeps.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep {
    sleep: Pin<Box<time::Sleep>>,
    at: Place,
    /// Its number in the record, from the first poll that has to wait.
    promise: Option<u64>,
}

impl Sleep {
    #[track_caller]
    fn new(sleep: time::Sleep) -> Self {
        Sleep {
            sleep: Box::pin(sleep),
            at: Location::caller(),
            promise: None,
        }
    }

    pub fn deadline(&self) -> Instant {
        self.sleep.deadline()
    }

    pub fn is_elapsed(&self) -> bool {
        self.sleep.is_elapsed()
    }

    pub fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.sleep.as_mut().reset(deadline);
        self.promise = None;
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = self.sleep.as_mut().poll(cx);
        if let (Poll::Pending, Some(tracer)) = (polled, Tracer::running()) {
            let (until, at) = (self.deadline(), self.at);
            let promise = self
                .promise
                .get_or_insert_with(|| tracer.promise("sleep", Some(until), at));
            tracer.awaits(Awaited::Promise(*promise), Some(at));
        }
        polled
    }
}
