//! `tokio::time`, whose sleeps and limits say until when.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::time;
use asyncio::observe::Place;

use crate::told::{Told, Wait, telling, telling_until};

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
    wait: Wait,
}

impl Sleep {
    #[track_caller]
    fn new(sleep: time::Sleep) -> Self {
        Sleep { wait: Wait::new("sleep", Some(sleep.deadline())), sleep: Box::pin(sleep), at: Location::caller() }
    }

    pub fn deadline(&self) -> Instant {
        self.sleep.deadline()
    }

    pub fn is_elapsed(&self) -> bool {
        self.sleep.is_elapsed()
    }

    pub fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.sleep.as_mut().reset(deadline);
        self.wait = Wait::new("sleep", Some(deadline));
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = self.sleep.as_mut().poll(cx);
        let at = self.at;
        self.wait.tell(&polled, at);
        polled
    }
}

/// Limits the time of a future as Tokio does.
#[track_caller]
pub fn timeout<F: IntoFuture>(
    duration: Duration,
    future: F,
) -> impl Future<Output = Result<F::Output, error::Elapsed>> {
    let until = Instant::now().checked_add(duration);
    telling_until("timeout", until, time::timeout(duration, future))
}

/// Limits the time of a future as Tokio does.
#[track_caller]
pub fn timeout_at<F: IntoFuture>(
    deadline: Instant,
    future: F,
) -> impl Future<Output = Result<F::Output, error::Elapsed>> {
    telling_until("timeout", Some(deadline), time::timeout_at(deadline, future))
}

/// Tokio's interval.
pub type Interval = Told<time::Interval>;

#[track_caller]
pub fn interval(period: Duration) -> Interval {
    Told(time::interval(period))
}

#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    Told(time::interval_at(start, period))
}

impl Told<time::Interval> {
    #[track_caller]
    pub fn tick(&mut self) -> impl Future<Output = Instant> {
        telling("tick", self.0.tick())
    }
}
