//! `tokio::sync::watch`.

use std::future::Future;

use ::tokio::sync::watch;

use crate::told::{Told, telling};

pub use ::tokio::sync::watch::*;

pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = watch::channel(value);
    (Told(sender), Told(receiver))
}

pub type Sender<T> = Told<watch::Sender<T>>;
pub type Receiver<T> = Told<watch::Receiver<T>>;

impl<T> Told<watch::Sender<T>> {
    pub fn new(value: T) -> Self {
        Told(watch::Sender::new(value))
    }

    pub fn subscribe(&self) -> Receiver<T> {
        Told(self.0.subscribe())
    }
}

impl<T> Told<watch::Receiver<T>> {
    #[track_caller]
    pub fn changed(&mut self) -> impl Future<Output = Result<(), error::RecvError>> {
        telling("change", self.0.changed())
    }

    #[track_caller]
    pub fn wait_for(
        &mut self,
        is_wanted: impl FnMut(&T) -> bool,
    ) -> impl Future<Output = Result<Ref<'_, T>, error::RecvError>> {
        telling("change", self.0.wait_for(is_wanted))
    }
}
