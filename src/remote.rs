//! The part of a loop that other threads may touch.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::error::RunError;
use crate::event_loop::Core;

/// What other threads send to the loop.
pub(crate) enum Parcel {
    /// Schedules the next step of the task of this number.
    Wake(u64),
    /// Called in a pass of the loop.
    Call(Box<dyn FnOnce(&Core) + Send>),
}

/// The inbox of a loop, and the means to wake it from its sleep.
pub(crate) struct Remote {
    /// `None` once the loop is closed.
    inbox: Mutex<Option<Vec<Parcel>>>,
    /// True while the inbox may hold something; lets the loop look without taking the lock.
    filled: AtomicBool,
    /// True while the loop sleeps in the poller, or is about to.
    sleeping: AtomicBool,
    alarm: OnceLock<mio::Waker>,
}

impl Default for Remote {
    fn default() -> Self {
        Remote {
            inbox: Mutex::new(Some(Vec::new())),
            filled: AtomicBool::new(false),
            sleeping: AtomicBool::new(false),
            alarm: OnceLock::new(),
        }
    }
}

impl Remote {
    fn inbox(&self) -> MutexGuard<'_, Option<Vec<Parcel>>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a parcel into the inbox and wakes the loop if it sleeps.
    pub(crate) fn send(&self, parcel: Parcel) -> Result<(), RunError> {
        self.inbox().as_mut().ok_or(RunError::Closed)?.push(parcel);
        self.filled.store(true, SeqCst);
        // The loop announces its sleep before it looks at `filled` for the last time, and this thread fills
        // before it looks at `sleeping`: one of the two sees the other.
        if self.sleeping.swap(false, SeqCst)
            && let Some(alarm) = self.alarm.get()
        {
            // A failed wake-up cannot be reported from here; the next timer or event makes up for it.
            let _ = alarm.wake();
        }
        Ok(())
    }

    pub(crate) fn set_alarm(&self, alarm: mio::Waker) {
        let _ = self.alarm.set(alarm);
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

    pub(crate) fn take(&self) -> Vec<Parcel> {
        self.filled.store(false, SeqCst);
        self.inbox().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Refuses everything from now on, and gives back what was not taken yet.
    pub(crate) fn close(&self) -> Vec<Parcel> {
        self.inbox().take().unwrap_or_default()
    }
}
