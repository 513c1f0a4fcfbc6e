//! `tokio::sync`, whose waits say what for.
//!
//! Not shadowed is what rarely waits, and what cannot be without changing what it does: the owned guards of locks.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::sync;

use crate::told::{Told, Wait, telling};

pub mod broadcast;
pub mod mpsc;
pub mod oneshot;
mod semaphore;
pub mod watch;

pub use ::tokio::sync::*;
pub use semaphore::{OwnedSemaphorePermit, Semaphore};

/// Tokio's lock.
pub type Mutex<T> = Told<sync::Mutex<T>>;

impl<T> Told<sync::Mutex<T>> {
    #[track_caller]
    pub fn new(value: T) -> Self {
        Told(sync::Mutex::new(value))
    }

    pub const fn const_new(value: T) -> Self {
        Told(sync::Mutex::const_new(value))
    }

    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> Told<sync::Mutex<T>> {
    #[track_caller]
    pub fn lock(&self) -> impl Future<Output = MutexGuard<'_, T>> {
        telling("lock", self.0.lock())
    }
}

/// Tokio's lock for many readers or one writer.
pub type RwLock<T> = Told<sync::RwLock<T>>;

impl<T> Told<sync::RwLock<T>> {
    #[track_caller]
    pub fn new(value: T) -> Self {
        Told(sync::RwLock::new(value))
    }

    pub const fn const_new(value: T) -> Self {
        Told(sync::RwLock::const_new(value))
    }

    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> Told<sync::RwLock<T>> {
    #[track_caller]
    pub fn read(&self) -> impl Future<Output = RwLockReadGuard<'_, T>> {
        telling("lock", self.0.read())
    }

    #[track_caller]
    pub fn write(&self) -> impl Future<Output = RwLockWriteGuard<'_, T>> {
        telling("lock", self.0.write())
    }
}

/// Tokio's barrier.
pub type Barrier = Told<sync::Barrier>;

impl Told<sync::Barrier> {
    #[track_caller]
    pub fn new(number: usize) -> Self {
        Told(sync::Barrier::new(number))
    }

    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = BarrierWaitResult> {
        telling("barrier", self.0.wait())
    }
}

/// Tokio's notifications.
pub type Notify = Told<sync::Notify>;

impl Told<sync::Notify> {
    #[track_caller]
    pub fn new() -> Self {
        Told(sync::Notify::new())
    }

    pub const fn const_new() -> Self {
        Told(sync::Notify::const_new())
    }

    pub fn notified(&self) -> Notified<'_> {
        Notified { notified: Box::pin(self.0.notified()), wait: Wait::new("notification", None) }
    }
}

/// Tokio's future of a notification, which counts from its making on and not from its first poll.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Notified<'a> {
    notified: Pin<Box<sync::futures::Notified<'a>>>,
    wait: Wait,
}

impl Notified<'_> {
    pub fn enable(mut self: Pin<&mut Self>) -> bool {
        self.notified.as_mut().enable()
    }
}

impl Future for Notified<'_> {
    type Output = ();

    /// The compiler calls this where `.await` is written, so that the line is known.
    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = self.notified.as_mut().poll(cx);
        self.wait.tell(&polled, std::panic::Location::caller());
        polled
    }
}
