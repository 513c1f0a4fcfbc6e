//! The part of a loop that other threads may touch.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::error::RunError;
use crate::event_loop::Core;

/// What another thread wants to be called on the loop's own.
pub(crate) type Call = Box<dyn FnOnce(&Core) + Send>;

/// Locks what threads share; a panic of one of them leaves it whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The inbox of a loop, and the means to wake it from its sleep.
#[derive(Default)]
pub(crate) struct Remote {
    inbox: Mutex<Inbox>,
    /// True while the inbox may hold something; lets the loop look without taking the lock.
    filled: AtomicBool,
    /// True while the loop sleeps in the poller, or is about to.
    sleeping: AtomicBool,
    /// Set when the poller is opened: before that the loop does not sleep.
    pub(crate) alarm: OnceLock<mio::Waker>,
}

#[derive(Default)]
struct Inbox {
    calls: Vec<Call>,
    closed: bool,
}

impl Remote {
    /// Has a call made on the loop's thread, when the loop looks into its inbox; wakes the loop if it sleeps.
    ///
    /// # Errors
    /// If the loop is closed; what was to be called is dropped.
    pub(crate) fn call(&self, call: impl FnOnce(&Core) + Send + 'static) -> Result<(), RunError> {
        let mut inbox = lock(&self.inbox);
        if inbox.closed {
            return Err(RunError::Closed);
        }
        inbox.calls.push(Box::new(call));
        drop(inbox);
        self.filled.store(true, SeqCst);
        // The loop announces its sleep before it looks at `filled` for the last time, and this thread fills
        // before it looks at `sleeping`: one of the two sees the other.
        if self.sleeping.swap(false, SeqCst) {
            // A failed wake-up cannot be reported from here; the next timer or event makes up for it.
            let _ = self.alarm.get().map(mio::Waker::wake);
        }
        Ok(())
    }

    pub(crate) fn is_filled(&self) -> bool {
        self.filled.load(SeqCst)
    }

    /// Announces the loop's sleep; false if there is something in the inbox and the loop must not sleep.
    pub(crate) fn fall_asleep(&self) -> bool {
        self.sleeping.store(true, SeqCst);
        !self.is_filled()
    }

    pub(crate) fn wake_up(&self) {
        self.sleeping.store(false, SeqCst);
    }

    pub(crate) fn take(&self) -> Vec<Call> {
        self.filled.store(false, SeqCst);
        std::mem::take(&mut lock(&self.inbox).calls)
    }

    /// Refuses everything from now on, and gives back what was not taken yet.
    pub(crate) fn close(&self) -> Vec<Call> {
        lock(&self.inbox).closed = true;
        self.take()
    }
}
