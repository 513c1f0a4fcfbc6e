//! `tokio::sync::Semaphore`.

use std::future::Future;
use std::sync::Arc;

use ::tokio::sync;
use ::tokio::sync::{AcquireError, SemaphorePermit, TryAcquireError};

use crate::told::{Told, telling};

/// Tokio's permits.
pub type Semaphore = Told<sync::Semaphore>;

impl Told<sync::Semaphore> {
    pub const MAX_PERMITS: usize = sync::Semaphore::MAX_PERMITS;

    #[track_caller]
    pub fn new(permits: usize) -> Self {
        Told(sync::Semaphore::new(permits))
    }

    pub const fn const_new(permits: usize) -> Self {
        Told(sync::Semaphore::const_new(permits))
    }

    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        telling("semaphore", self.0.acquire())
    }

    #[track_caller]
    pub fn acquire_many(&self, number: u32) -> impl Future<Output = Result<SemaphorePermit<'_>, AcquireError>> {
        telling("semaphore", self.0.acquire_many(number))
    }

    #[track_caller]
    pub fn acquire_owned(self: Arc<Self>) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> {
        self.acquire_many_owned(1)
    }

    #[track_caller]
    pub fn acquire_many_owned(
        self: Arc<Self>,
        number: u32,
    ) -> impl Future<Output = Result<OwnedSemaphorePermit, AcquireError>> {
        telling("semaphore", async move {
            // The permits are given back by the new owner.
            self.0.acquire_many(number).await?.forget();
            Ok(OwnedSemaphorePermit::new(self, number))
        })
    }

    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    pub fn try_acquire_many_owned(self: Arc<Self>, number: u32) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.0.try_acquire_many(number)?.forget();
        Ok(OwnedSemaphorePermit::new(self, number))
    }
}

/// Permits that are given back when they are dropped, as Tokio's are; those are tied to Tokio's own semaphore.
#[derive(Debug)]
#[must_use]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
}

impl OwnedSemaphorePermit {
    fn new(semaphore: Arc<Semaphore>, permits: u32) -> Self {
        OwnedSemaphorePermit { semaphore, permits: permits as usize }
    }

    pub fn forget(mut self) {
        self.permits = 0;
    }

    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(Arc::ptr_eq(&self.semaphore, &other.semaphore), "merging permits from different semaphore instances");
        self.permits += std::mem::take(&mut other.permits);
    }

    pub fn split(&mut self, number: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(number)?;
        Some(OwnedSemaphorePermit { semaphore: self.semaphore.clone(), permits: number })
    }

    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    pub fn num_permits(&self) -> usize {
        self.permits
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        self.semaphore.add_permits(self.permits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owned_permit_is_given_back_once_or_never() {
        let semaphore = Arc::new(Semaphore::new(5));
        let mut all = semaphore.clone().try_acquire_many_owned(4).unwrap();
        assert_eq!((all.num_permits(), semaphore.available_permits()), (4, 1));
        assert!(all.split(5).is_none());
        let two = all.split(2).unwrap();
        all.split(1).unwrap().forget();
        assert_eq!((all.num_permits(), semaphore.available_permits()), (1, 1));
        all.merge(two);
        assert!(semaphore.clone().try_acquire_many_owned(2).is_err());
        drop(all);
        assert_eq!(semaphore.available_permits(), 4);
    }

    #[test]
    fn a_permit_is_awaited_in_turn_and_an_end_is_heard_of() {
        let runtime = ::tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let semaphore = Arc::new(Semaphore::new(1));
            let first = semaphore.clone().acquire_owned().await.unwrap();
            let second = ::tokio::spawn(semaphore.clone().acquire_owned());
            let third = ::tokio::spawn(semaphore.clone().acquire_many_owned(2));
            ::tokio::task::yield_now().await;
            drop(first);
            let _second = second.await.unwrap().unwrap();
            semaphore.close();
            assert!(third.await.unwrap().is_err());
        });
    }
}
