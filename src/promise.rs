//! A slot for a result that someone else fills: asyncio's `Future` under another name.
//!
//! Rust calls a *computation* that can be polled a future. asyncio's `Future` is something else, the place where a result
//! will appear, so it has another name here.

use std::any::type_name;
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use crate::callback::{Callback, CallbackOutput, function_name};
use crate::error::{Cancelled, Error, InvalidState, Result};
use crate::event_loop::{Body, Core, EventLoop};
use crate::events::{self, Awaited, Outcome, Place};
use crate::line::new_number;
use crate::observation::{Number, observed};
use crate::slot::{DoneCallback, Hook, Identity, Kind, Settle, Slot, State};
use crate::waits::Cancel;

/// Names a callback for [`Promise::remove_done_callback`]: closures have no identity of their own.
///
/// No two callbacks have the same, whatever promise they were given to. It stays on its thread, as the promises do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackId(u64, PhantomData<*const ()>);

/// The cell of a plain promise.
struct PromiseCell<T> {
    slot: Slot<T>,
    /// Answers `cancel` in the promise's place, for combinators that pass it on.
    canceller: RefCell<Option<Rc<Canceller<T>>>>,
    /// For observers.
    number: Number,
}

type Canceller<T> = dyn Fn(&Promise<T>, &Cancelled) -> bool;

impl<T: 'static> Settle<T> for PromiseCell<T> {
    fn slot(&self) -> &Slot<T> {
        &self.slot
    }

    fn identity(&self) -> Identity<'_> {
        Identity::Promise(&self.number)
    }

    fn task(self: Rc<Self>) -> Option<Rc<dyn Body>> {
        None
    }
}

impl<T: 'static> Cancel for PromiseCell<T> {
    fn cancel(self: Rc<Self>, reason: &Cancelled) -> bool {
        self.slot.mark_seen();
        if self.slot.is_done() {
            return false;
        }
        let canceller = self.canceller.borrow().clone();
        let promise = Promise { cell: self };
        match canceller {
            Some(canceller) => canceller(&promise, reason),
            None => promise.settle_cancelled(reason),
        }
    }
}

/// One allocation serves the promise's list and the ready queue.
struct DoneCell<T, F> {
    callback: Cell<Option<F>>,
    /// `None` until the promise is done: a promise that kept itself would never be dropped.
    promise: Cell<Option<Promise<T>>>,
}

impl<T, F> DoneCell<T, F> {
    fn new(callback: F) -> Self {
        DoneCell {
            callback: Cell::new(Some(callback)),
            promise: Cell::new(None),
        }
    }
}

impl<T, F, R> DoneCallback<T> for DoneCell<T, F>
where
    F: FnOnce(&Promise<T>) -> R,
    R: CallbackOutput,
{
    fn set_cell(&self, _: u32, cell: Rc<dyn Settle<T>>) {
        self.promise.set(Some(Promise { cell }));
    }
}

impl<T, F, R> Callback for DoneCell<T, F>
where
    F: FnOnce(&Promise<T>) -> R,
    R: CallbackOutput,
{
    fn run(&self) -> Option<Error> {
        let promise = self.promise.take()?;
        let callback = self.callback.take()?;
        callback(&promise).into_error()
    }

    fn cancel(&self) {
        drop(self.callback.take());
    }

    /// Nobody has a handle to cancel it with.
    fn is_cancelled(&self) -> bool {
        false
    }

    fn name(&self) -> &'static str {
        function_name(type_name::<F>())
    }
}

/// A result that will be there later, and that someone else provides.
///
/// Clones are handles to the same slot. Any number of tasks may await it, each gets a clone of the value.
/// It stays on its loop's thread. asyncio: `Future`.
///
/// ```
/// use asyncio::{EventLoop, Promise};
/// use std::time::Duration;
///
/// let event_loop = EventLoop::with_virtual_clock();
/// let promise: Promise<u32> = event_loop.create_promise();
/// let filled = promise.clone();
/// event_loop.call_later(std::time::Duration::from_secs(1), move || Ok::<_, asyncio::Error>(filled.set_result(666)?));
/// assert_eq!(event_loop.run_until_complete(promise).unwrap(), 666);
/// ```
pub struct Promise<T> {
    pub(crate) cell: Rc<dyn Settle<T>>,
}

/// A handle that does not keep its promise.
///
/// A promise keeps its callbacks, so a callback that is to look at its own promise, or at its siblings, keeps them in this form:
/// else each would keep the other, and neither would ever be dropped.
pub(crate) struct WeakPromise<T> {
    cell: Weak<dyn Settle<T>>,
}

impl<T> WeakPromise<T> {
    pub(crate) fn upgrade(&self) -> Option<Promise<T>> {
        self.cell.upgrade().map(|cell| Promise { cell })
    }
}

impl<T> Clone for Promise<T> {
    fn clone(&self) -> Self {
        Promise {
            cell: self.cell.clone(),
        }
    }
}

/// Handles are equal when they belong to the same slot.
impl<T> PartialEq for Promise<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.cell, &other.cell)
    }
}

impl<T> Eq for Promise<T> {}

impl<T> AsRef<Promise<T>> for Promise<T> {
    fn as_ref(&self) -> &Promise<T> {
        self
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = self.cell.slot().kind;
        match &*self.cell.slot().state.borrow() {
            State::Pending => write!(f, "<{kind:?} pending>"),
            State::Done(value) => write!(f, "<{kind:?} finished result={value:?}>"),
            State::Failed(error) => write!(f, "<{kind:?} finished exception={error:?}>"),
            State::Cancelled(_) => write!(f, "<{kind:?} cancelled>"),
        }
    }
}

impl<T: 'static> Promise<T> {
    pub(crate) fn new(core: &Rc<Core>) -> Self {
        Promise {
            cell: Rc::new(PromiseCell {
                slot: Slot::new(Rc::downgrade(core), Kind::Promise),
                canceller: RefCell::new(None),
                number: Number::default(),
            }),
        }
    }

    /// Makes a promise whose `cancel` is answered by `canceller`, for combinators that pass a cancellation on.
    ///
    /// The canceller says whether it accepts; the promise itself stays pending until somebody settles it.
    /// asyncio: a subclass of `Future` that overrides `cancel`.
    #[track_caller]
    pub fn with_canceller(
        event_loop: &EventLoop,
        canceller: impl Fn(&Promise<T>, &Cancelled) -> bool + 'static,
    ) -> Self {
        Promise::signal_with_canceller(event_loop, "promise", Location::caller(), canceller)
    }

    /// Makes it and tells the observer what for.
    pub(crate) fn signal_with_canceller(
        event_loop: &EventLoop,
        label: &'static str,
        at: Place,
        canceller: impl Fn(&Promise<T>, &Cancelled) -> bool + 'static,
    ) -> Self {
        let promise = Promise {
            cell: Rc::new(PromiseCell {
                slot: Slot::new(Rc::downgrade(&event_loop.core), Kind::Promise),
                canceller: RefCell::new(Some(Rc::new(canceller))),
                number: Number::default(),
            }),
        };
        if event_loop.core.is_watched() {
            promise.observe_created(&event_loop.core, label, at);
        }
        promise
    }

    #[cold]
    pub(crate) fn observe_created(&self, core: &Core, label: &'static str, at: Place) {
        core.observe(
            |observation| match self.cell.identity().awaited(observation) {
                Awaited::Promise(promise) => events::Kind::PromiseCreated {
                    promise,
                    label: label.into(),
                    until: None,
                },
                _ => unreachable!("a task says of itself that it was created"),
            },
            Some(at),
        );
    }

    #[cold]
    fn observe_done(&self, at: Place) {
        let slot = self.cell.slot();
        let Some(core) = slot.core() else {
            return;
        };
        let outcome = match &*slot.state.borrow() {
            State::Failed(error) => Outcome::Exception(error.to_string()),
            State::Cancelled(_) => Outcome::Cancelled,
            State::Pending | State::Done(_) => Outcome::Result,
        };
        core.observe(
            |observation| self.cell.identity().done(observation, outcome),
            Some(at),
        );
    }

    pub(crate) fn of(cell: Rc<dyn Settle<T>>) -> Self {
        Promise { cell }
    }

    pub(crate) fn downgrade(&self) -> WeakPromise<T> {
        WeakPromise {
            cell: Rc::downgrade(&self.cell),
        }
    }

    pub(crate) fn belongs_to(&self, core: &Rc<Core>) -> bool {
        std::ptr::eq(self.cell.slot().core.as_ptr(), Rc::as_ptr(core))
    }

    #[track_caller]
    fn settle(&self, state: State<T>) -> Result<(), InvalidState> {
        let slot = self.cell.slot();
        if slot.is_done() {
            return Err(InvalidState::AlreadyDone);
        }
        slot.unseen.set(matches!(state, State::Failed(_)));
        *slot.state.borrow_mut() = state;
        if observed() {
            self.observe_done(Location::caller());
        }
        let hooks = slot.hooks.take();
        hooks.for_each(|hook| match hook {
            Hook::Wake(awaiter) => awaiter.wake(&slot.core),
            Hook::Call(callback, which) => self.schedule(callback, which, None),
        });
        Ok(())
    }

    /// Done-callbacks never run at once; they go through the ready queue like everything else.
    fn schedule(&self, callback: Rc<dyn DoneCallback<T>>, which: u32, at: Option<Place>) {
        if let Some(core) = self.cell.slot().core.upgrade() {
            callback.set_cell(which, self.cell.clone());
            core.push_callback(callback, at);
        }
    }

    /// Ends the promise from the body of its task, which `set_result` would refuse.
    pub(crate) fn settle_task(&self, outcome: Result<T>) {
        let state = match outcome {
            Ok(value) => State::Done(value),
            Err(error) => match error.downcast_ref::<Cancelled>() {
                Some(cancelled) => State::Cancelled(cancelled.clone()),
                None => State::Failed(error),
            },
        };
        // A task settles its promise once, at its end.
        let _ = self.settle(state);
    }

    /// Cancels a promise whose `cancel` is answered by a canceller.
    pub(crate) fn settle_cancelled(&self, reason: &Cancelled) -> bool {
        self.settle(State::Cancelled(reason.clone())).is_ok()
    }

    fn refuse_tasks(&self) -> Result<(), InvalidState> {
        if self.cell.slot().kind == Kind::Task {
            return Err(InvalidState::OwnedByTask);
        }
        Ok(())
    }

    /// Fills the promise with a value and wakes who waits; nobody runs before this call has returned.
    ///
    /// # Errors
    /// If the promise is done, or belongs to a task.
    ///
    /// asyncio: `future.set_result(value)`.
    #[track_caller]
    pub fn set_result(&self, value: T) -> Result<(), InvalidState> {
        self.refuse_tasks()?;
        self.settle(State::Done(value))
    }

    /// Fills the promise with an error.
    ///
    /// If nobody ever looks at it, the error is reported to the loop's exception handler when the last handle is dropped.
    ///
    /// # Errors
    /// If the promise is done, or belongs to a task.
    ///
    /// asyncio: `future.set_exception(exception)`.
    #[track_caller]
    pub fn set_exception(&self, error: impl Into<Error>) -> Result<(), InvalidState> {
        self.refuse_tasks()?;
        self.settle(State::Failed(error.into()))
    }

    /// Cancels the promise, or asks its task to end; false if it is done already.
    ///
    /// asyncio: `future.cancel()`.
    pub fn cancel(&self) -> bool {
        self.cancel_for(&Cancelled::new())
    }

    /// Cancels with a message for whoever sees the cancellation.
    ///
    /// asyncio: `future.cancel(msg)`.
    pub fn cancel_with_message(&self, message: impl Into<Arc<str>>) -> bool {
        self.cancel_for(&Cancelled::with_message(message))
    }

    /// Passes a cancellation on.
    pub fn cancel_for(&self, reason: &Cancelled) -> bool {
        self.cell.clone().cancel(reason)
    }

    /// Tells whether there is a result, an error, or a cancellation.
    ///
    /// asyncio: `future.done()`.
    pub fn is_done(&self) -> bool {
        self.cell.slot().is_done()
    }

    /// Tells whether the promise was cancelled.
    ///
    /// asyncio: `future.cancelled()`.
    pub fn is_cancelled(&self) -> bool {
        self.cell.slot().is_cancelled()
    }

    /// Gives the value.
    ///
    /// # Errors
    /// The promise's own error, [`Cancelled`], or [`InvalidState::ResultNotSet`] while it is pending.
    ///
    /// asyncio: `future.result()`.
    pub fn result(&self) -> Result<T>
    where
        T: Clone,
    {
        self.outcome()
            .unwrap_or_else(|| Err(InvalidState::ResultNotSet.into()))
    }

    /// Gives the error that the promise ended with, if it did.
    ///
    /// # Errors
    /// [`Cancelled`], or [`InvalidState::ExceptionNotSet`] while it is pending.
    ///
    /// asyncio: `future.exception()`.
    pub fn exception(&self) -> Result<Option<Error>> {
        let slot = self.cell.slot();
        match &*slot.state.borrow() {
            State::Pending => Err(InvalidState::ExceptionNotSet.into()),
            State::Done(_) => Ok(None),
            State::Failed(error) => {
                slot.mark_seen();
                Ok(Some(error.clone()))
            }
            State::Cancelled(cancelled) => Err(cancelled.clone().into()),
        }
    }

    /// Tells whether the promise ended with an error, without looking at it: the error may still be reported as unseen.
    pub fn failed(&self) -> bool {
        matches!(*self.cell.slot().state.borrow(), State::Failed(_))
    }

    /// Gives the result if the promise is done.
    #[inline]
    pub(crate) fn outcome(&self) -> Option<Result<T>>
    where
        T: Clone,
    {
        let slot = self.cell.slot();
        match &*slot.state.borrow() {
            State::Pending => None,
            State::Done(value) => Some(Ok(value.clone())),
            State::Failed(error) => {
                slot.mark_seen();
                Some(Err(error.clone()))
            }
            State::Cancelled(cancelled) => Some(Err(cancelled.clone().into())),
        }
    }

    /// Schedules `callback` for when the promise is done, behind those that were added before.
    ///
    /// It never runs inside this call, nor inside the call that fills the promise.
    /// An error that it returns goes to the loop's exception handler.
    /// asyncio: `future.add_done_callback(callback)`.
    #[track_caller]
    pub fn add_done_callback<R: CallbackOutput>(
        &self,
        callback: impl FnOnce(&Promise<T>) -> R + 'static,
    ) -> CallbackId {
        self.add_shared_callback(Rc::new(DoneCell::new(callback)), 0)
    }

    /// Adds one of several callbacks that share an allocation.
    #[track_caller]
    pub(crate) fn add_shared_callback(
        &self,
        callback: Rc<dyn DoneCallback<T>>,
        which: u32,
    ) -> CallbackId {
        let slot = self.cell.slot();
        if slot.is_done() {
            self.schedule(callback, which, Some(Location::caller()));
            return CallbackId(new_number(), PhantomData);
        }
        CallbackId(slot.add_hook(Hook::Call(callback, which)), PhantomData)
    }

    /// Takes a callback back; false if it was taken back before or the promise is done.
    ///
    /// asyncio: `future.remove_done_callback(callback)`.
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        self.cell.slot().remove_hook(id.0)
    }
}

impl EventLoop {
    /// Makes a promise that somebody will fill.
    ///
    /// asyncio: `loop.create_future()`.
    #[track_caller]
    pub fn create_promise<T: 'static>(&self) -> Promise<T> {
        self.create_promise_for("promise", Location::caller())
    }

    /// Makes a promise and tells the observer what for.
    pub(crate) fn create_promise_for<T: 'static>(
        &self,
        label: &'static str,
        at: Place,
    ) -> Promise<T> {
        let promise = Promise::new(&self.core);
        if self.core.is_watched() {
            promise.observe_created(&self.core, label, at);
        }
        promise
    }
}
