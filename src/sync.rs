//! Locks, events, semaphores, conditions and barriers for tasks of one loop.
//!
//! Tasks of one loop never run at the same time, so these guard what happens *between* two awaits of one task.
//! They hold no data; Rust's own `RefCell` and `Rc` do.

use std::cell::Cell;
use std::rc::Rc;

use crate::error::{Cancelled, texts};
use crate::event_loop::Core;
use crate::on_drop::OnDrop;
use crate::waiters::Waiters;

/// Lets one task at a time pass, in the order in which they came.
///
/// Clones are handles to the same lock. A release wakes the first waiter; until that one runs the lock is free, but newcomers
/// queue behind it.
///
/// asyncio: `Lock`.
///
/// ```
/// use asyncio::{EventLoop, Lock};
///
/// EventLoop::new().run(async {
///     let lock = Lock::new();
///     let guard = lock.acquire().await?;
///     assert!(lock.is_locked());
///     drop(guard);
///     assert!(!lock.is_locked());
///     Ok(())
/// }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct Lock {
    locked: Rc<Cell<bool>>,
    waiters: Rc<Waiters>,
}

impl Lock {
    /// Makes a free lock.
    pub fn new() -> Self {
        Lock::default()
    }

    /// Tells whether a task holds the lock.
    ///
    /// asyncio: `lock.locked()`.
    pub fn is_locked(&self) -> bool {
        self.locked.get()
    }

    /// Waits for the lock; dropping the guard releases it. A free lock that nobody waits for does not suspend.
    ///
    /// # Errors
    /// If the task is cancelled while it waits; its turn goes to the next.
    ///
    /// asyncio: `async with lock`.
    pub async fn acquire(&self) -> Result<LockGuard, Cancelled> {
        if self.is_locked() || !self.waiters.is_empty() {
            let given_up = |_| {
                if !self.is_locked() {
                    self.waiters.wake_first();
                }
            };
            self.waiters.wait("lock", None, given_up).await?;
        }
        self.locked.set(true);
        Ok(LockGuard(self.clone()))
    }
}

/// Holds a [`Lock`] and releases it on drop.
#[must_use = "the lock is released as soon as the guard is dropped"]
pub struct LockGuard(Lock);

impl Drop for LockGuard {
    fn drop(&mut self) {
        self.0.locked.set(false);
        self.0.waiters.wake_first();
    }
}

/// A flag that tasks wait for; once set it stays set until it is cleared.
///
/// Clones are handles to the same flag. asyncio: `Event`.
#[derive(Clone, Default)]
pub struct Event {
    set: Rc<Cell<bool>>,
    waiters: Rc<Waiters>,
}

impl Event {
    /// Makes an event that is not set.
    pub fn new() -> Self {
        Event::default()
    }

    /// Tells whether the flag is set.
    pub fn is_set(&self) -> bool {
        self.set.get()
    }

    /// Sets the flag and wakes all who wait, in the order in which they came; a `clear` right after does not hold them back.
    pub fn set(&self) {
        if !self.set.replace(true) {
            self.waiters.wake_all();
        }
    }

    /// Clears the flag.
    pub fn clear(&self) {
        self.set.set(false);
    }

    /// Waits for the flag. If it is set, it does not suspend.
    ///
    /// # Errors
    /// If the task is cancelled while it waits.
    pub async fn wait(&self) -> Result<(), Cancelled> {
        if self.is_set() {
            return Ok(());
        }
        self.waiters.wait("event", None, |_| {}).await
    }
}

/// Says that a bounded semaphore was released more often than it was acquired.
///
/// asyncio: `ValueError: BoundedSemaphore released too many times`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleasedTooOften;

texts! { ReleasedTooOften, Self => "bounded semaphore released too many times" }

/// Lets a number of tasks pass at a time, in the order in which they came.
///
/// Clones are handles to the same semaphore. A released permit goes to the first waiter at once; nobody can overtake it.
///
/// asyncio: `Semaphore` and `BoundedSemaphore`.
#[derive(Clone)]
pub struct Semaphore {
    permits: Rc<Cell<usize>>,
    /// The most permits that `release` may leave.
    bound: Option<usize>,
    waiters: Rc<Waiters>,
}

impl Semaphore {
    /// Makes a semaphore with so many permits; `release` may add more.
    pub fn new(permits: usize) -> Self {
        Semaphore { permits: Rc::new(Cell::new(permits)), bound: None, waiters: Rc::default() }
    }

    /// Makes a semaphore that never has more permits than at the beginning.
    ///
    /// asyncio: `BoundedSemaphore(permits)`.
    pub fn bounded(permits: usize) -> Self {
        Semaphore { bound: Some(permits), ..Semaphore::new(permits) }
    }

    /// Counts the permits that are free.
    pub fn available(&self) -> usize {
        self.permits.get()
    }

    /// Tells whether `acquire` would wait.
    ///
    /// asyncio: `semaphore.locked()`.
    pub fn is_locked(&self) -> bool {
        self.available() == 0 || !self.waiters.is_empty()
    }

    /// Waits for a permit; dropping it releases it. With a free permit and nobody before it, it does not suspend.
    ///
    /// # Errors
    /// If the task is cancelled while it waits; its turn goes to the next.
    ///
    /// asyncio: `async with semaphore`.
    pub async fn acquire(&self) -> Result<Permit, Cancelled> {
        if self.is_locked() {
            // Whoever wakes a waiter has taken the permit out for it.
            let given_up = |woken: bool| {
                self.permits.set(self.available() + usize::from(woken));
                self.serve();
            };
            self.waiters.wait("semaphore", None, given_up).await?;
            // Those who came meanwhile queued behind this waiter, permits or not.
            self.serve();
        } else {
            self.permits.set(self.available() - 1);
        }
        Ok(Permit(Some(self.clone())))
    }

    /// Adds a permit; for one that was acquired and then forgotten, or to let more tasks pass.
    ///
    /// # Errors
    /// If the semaphore is bounded and has all its permits.
    ///
    /// asyncio: `semaphore.release()`.
    pub fn release(&self) -> Result<(), ReleasedTooOften> {
        if self.bound.is_some_and(|bound| self.available() >= bound) {
            return Err(ReleasedTooOften);
        }
        self.permits.set(self.available() + 1);
        self.serve_next();
        Ok(())
    }

    /// Takes a permit out for the next waiter; false if nobody waits.
    fn serve_next(&self) -> bool {
        let served = self.waiters.wake_next();
        self.permits.set(self.available() - usize::from(served));
        served
    }

    /// Serves as many as there are permits for.
    fn serve(&self) {
        while self.available() > 0 && self.serve_next() {}
    }
}

/// Holds one permit of a [`Semaphore`] and releases it on drop.
///
/// A bounded semaphore that has all its permits takes no further one: then the exception handler of the running loop hears of
/// [`ReleasedTooOften`], which asyncio raises at the end of the `async with`.
#[must_use = "the permit is released as soon as it is dropped"]
pub struct Permit(Option<Semaphore>);

impl Permit {
    /// Keeps the permit from being released; `Semaphore::release` gives it back.
    pub fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.as_ref().map(Semaphore::release) {
            let message = "Exception in the release of a permit";
            Core::with_running(|core| core.report(message, Some(error.into())));
        }
    }
}

/// Lets the holder of a lock wait until another one says that something has changed.
///
/// Clones are handles to the same condition. Waiting and notifying take the guard, so asyncio's errors about a lock that is not
/// held cannot happen. asyncio: `Condition`.
#[derive(Clone)]
pub struct Condition {
    lock: Lock,
    waiters: Rc<Waiters>,
}

impl Condition {
    /// Makes a condition over a lock.
    pub fn new(lock: &Lock) -> Self {
        Condition { lock: lock.clone(), waiters: Rc::default() }
    }

    /// Releases the lock, waits for a notification, and takes the lock again.
    ///
    /// # Errors
    /// If the task is cancelled while it waits.
    ///
    /// # Panics
    /// If the guard is of another lock.
    ///
    /// # Cancellation
    /// The lock is taken again before `Err(Cancelled)` comes back with it, and that may take long. A wait that is dropped
    /// drops the guard. Whoever leaves without a success wakes another one, for it may have been notified: so no notification is
    /// lost, and a waiter may be woken for nothing and should look at what it waits for.
    ///
    /// asyncio: `await condition.wait()`.
    pub async fn wait(&self, guard: LockGuard) -> (LockGuard, Result<(), Cancelled>) {
        self.assert_own(&guard);
        let in_my_place = OnDrop(|| _ = self.waiters.wake_next());
        drop(guard);
        let mut result = self.waiters.wait("condition", None, |_| {}).await;
        let guard = loop {
            match self.lock.acquire().await {
                Ok(guard) => break guard,
                Err(cancelled) => result = Err(cancelled),
            }
        };
        if result.is_ok() {
            std::mem::forget(in_my_place);
        }
        (guard, result)
    }

    /// Waits until `predicate` is true, and looks at it whenever it is woken, with the lock held. If it is true it does not wait.
    ///
    /// # Errors
    /// If the task is cancelled while it waits.
    ///
    /// # Panics
    /// If the guard is of another lock.
    ///
    /// asyncio: `await condition.wait_for(predicate)`.
    pub async fn wait_for(
        &self,
        mut guard: LockGuard,
        mut predicate: impl FnMut() -> bool,
    ) -> (LockGuard, Result<(), Cancelled>) {
        self.assert_own(&guard);
        let mut waited = Ok(());
        while waited.is_ok() && !predicate() {
            (guard, waited) = self.wait(guard).await;
        }
        (guard, waited)
    }

    #[track_caller]
    fn assert_own(&self, guard: &LockGuard) {
        let own = Rc::ptr_eq(&guard.0.waiters, &self.lock.waiters);
        assert!(own, "the guard belongs to another lock than the condition");
    }

    /// Wakes up to `count` tasks that wait, in the order in which they came; each goes on when it has the lock.
    ///
    /// # Panics
    /// If the guard is of another lock.
    ///
    /// asyncio: `condition.notify(n)`.
    pub fn notify(&self, guard: &LockGuard, mut count: usize) {
        self.assert_own(guard);
        while count > 0 && self.waiters.wake_next() {
            count -= 1;
        }
    }

    /// Wakes all that wait.
    ///
    /// asyncio: `condition.notify_all()`.
    pub fn notify_all(&self, guard: &LockGuard) {
        self.notify(guard, usize::MAX);
    }
}

/// Holds tasks back until so many have come.
///
/// Clones are handles to the same barrier, which can be used again when all have passed. asyncio: `Barrier`, without `reset` and
/// `abort`.
#[derive(Clone)]
pub struct Barrier {
    parties: usize,
    /// How many have come and not yet passed.
    count: Rc<Cell<usize>>,
    /// True from the arrival of the last one until all have passed; newcomers are held back meanwhile.
    draining: Rc<Cell<bool>>,
    /// Notified when `draining` changes.
    changed: Condition,
}

impl Barrier {
    /// Makes a barrier for so many tasks.
    ///
    /// # Panics
    /// If `parties` is zero.
    pub fn new(parties: usize) -> Self {
        assert!(parties > 0, "a barrier needs at least one party");
        let changed = Condition::new(&Lock::new());
        Barrier { parties, count: Rc::default(), draining: Rc::default(), changed }
    }

    /// Waits until all have come, and gives the number of the own arrival, from zero. The last one does not wait.
    ///
    /// # Errors
    /// If the task is cancelled while it waits; its place is free again.
    pub async fn wait(&self) -> Result<usize, Cancelled> {
        let Barrier { count, draining, changed, .. } = self;
        let guard = changed.lock.acquire().await?;
        let (guard, waited) = changed.wait_for(guard, || !draining.get()).await;
        waited?;
        let index = count.replace(count.get() + 1);
        // Whoever goes, in whatever way, frees its place, and the last one lets newcomers in.
        let place = OnDrop(|| {
            count.set(count.get() - 1);
            if count.get() == 0 {
                draining.set(false);
                changed.waiters.wake_all();
            }
        });
        if count.get() == self.parties {
            draining.set(true);
            changed.notify_all(&guard);
        }
        // The last one to come finds that it need not wait.
        let (_guard, waited) = changed.wait_for(guard, || draining.get()).await;
        // As in asyncio, the place is free before the lock is.
        drop(place);
        waited.map(|()| index)
    }
}
