//! `tokio::sync::oneshot`.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::sync::oneshot;

use crate::told::Wait;

pub use ::tokio::sync::oneshot::*;

pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = oneshot::channel();
    let wait = Wait::new("value", None);
    (sender, Receiver { receiver, wait })
}

/// Tokio's receiver of one value, which tells who waits for it.
#[derive(Debug)]
pub struct Receiver<T> {
    receiver: oneshot::Receiver<T>,
    wait: Wait,
}

impl<T> Receiver<T> {
    #[track_caller]
    pub fn blocking_recv(self) -> Result<T, error::RecvError> {
        self.receiver.blocking_recv()
    }
}

impl<T> Deref for Receiver<T> {
    type Target = oneshot::Receiver<T>;

    fn deref(&self) -> &Self::Target {
        &self.receiver
    }
}

impl<T> DerefMut for Receiver<T> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.receiver
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, error::RecvError>;

    /// The compiler calls this where `.await` is written, so that the line is known.
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(&mut self.receiver).poll(cx);
        self.wait.tell(&polled, Location::caller());
        polled
    }
}
