//! `tokio::sync::broadcast`.

use std::future::Future;

use ::tokio::sync::broadcast;

use crate::told::{Told, telling};

pub use ::tokio::sync::broadcast::*;

#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = broadcast::channel(capacity);
    (Told(sender), Told(receiver))
}

pub type Sender<T> = Told<broadcast::Sender<T>>;
pub type Receiver<T> = Told<broadcast::Receiver<T>>;

impl<T> Told<broadcast::Sender<T>> {
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        Told(broadcast::Sender::new(capacity))
    }

    pub fn subscribe(&self) -> Receiver<T> {
        Told(self.0.subscribe())
    }
}

impl<T: Clone> Told<broadcast::Receiver<T>> {
    #[track_caller]
    pub fn recv(&mut self) -> impl Future<Output = Result<T, error::RecvError>> {
        telling("queue get", self.0.recv())
    }

    pub fn resubscribe(&self) -> Self {
        Told(self.0.resubscribe())
    }
}
