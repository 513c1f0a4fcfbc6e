//! `tokio::sync::mpsc`.

use std::future::Future;

use ::tokio::sync::mpsc;

use crate::told::{Told, telling};

pub use ::tokio::sync::mpsc::*;

#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::channel(buffer);
    (Told(sender), Told(receiver))
}

pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Told(sender), Told(receiver))
}

pub type Sender<T> = Told<mpsc::Sender<T>>;
pub type WeakSender<T> = Told<mpsc::WeakSender<T>>;
pub type Receiver<T> = Told<mpsc::Receiver<T>>;
pub type UnboundedSender<T> = Told<mpsc::UnboundedSender<T>>;
pub type WeakUnboundedSender<T> = Told<mpsc::WeakUnboundedSender<T>>;
pub type UnboundedReceiver<T> = Told<mpsc::UnboundedReceiver<T>>;

impl<T> Told<mpsc::Sender<T>> {
    #[track_caller]
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), error::SendError<T>>> {
        telling("queue put", self.0.send(value))
    }

    #[track_caller]
    pub fn reserve(&self) -> impl Future<Output = Result<Permit<'_, T>, error::SendError<()>>> {
        telling("queue put", self.0.reserve())
    }

    pub fn downgrade(&self) -> WeakSender<T> {
        Told(self.0.downgrade())
    }
}

impl<T> Told<mpsc::WeakSender<T>> {
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.0.upgrade().map(Told)
    }
}

impl<T> Told<mpsc::Receiver<T>> {
    #[track_caller]
    pub fn recv(&mut self) -> impl Future<Output = Option<T>> {
        telling("queue get", self.0.recv())
    }

    #[track_caller]
    pub fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> impl Future<Output = usize> {
        telling("queue get", self.0.recv_many(buffer, limit))
    }
}

impl<T> Told<mpsc::UnboundedSender<T>> {
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        Told(self.0.downgrade())
    }
}

impl<T> Told<mpsc::WeakUnboundedSender<T>> {
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        self.0.upgrade().map(Told)
    }
}

impl<T> Told<mpsc::UnboundedReceiver<T>> {
    #[track_caller]
    pub fn recv(&mut self) -> impl Future<Output = Option<T>> {
        telling("queue get", self.0.recv())
    }

    #[track_caller]
    pub fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> impl Future<Output = usize> {
        telling("queue get", self.0.recv_many(buffer, limit))
    }
}
