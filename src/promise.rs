//! A place for a result that someone else provides: asyncio's `Future` under another name.
//!
//! Rust calls a *computation* that can be polled a future. asyncio's `Future` is something else, the place where a result
//! will appear, so it has another name here.
//!
//! Every wait in this library is for a promise: a sleep's is filled by a timer, a queue's by a `put`, a task's by its body. Only a
//! bare yield does without, for it waits for nothing but its next turn.

use std::any::Any;
use std::cell::{Cell, RefCell, RefMut};
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Waker;

use crate::callback::{CallbackOf, CallbackOutput, once_with};
use crate::error::{Cancelled, Error, InvalidState, Result};
use crate::event_loop::{Core, EventLoop, seldom};
use crate::list::{List, new_number};
use crate::observe::{Kind, Number, Observer, Outcome, Place};
use crate::on_drop::OnDrop;
use crate::task::Driven;

/// How far a promise has got.
pub(crate) enum State<T: 'static> {
    /// Not far: these wait for it, and hear of its end in the order in which they came.
    Pending(List<Listener<T>>),
    Finished(Result<T>),
    Cancelled(Cancelled),
}

/// What happens when a promise is done; all kinds share one list, so they keep one order.
pub(crate) enum Listener<T: 'static> {
    /// A task that is suspended on the promise: its next step goes into the ready queue.
    Step(Rc<dyn Driven>),
    /// A part of such a task, one that a `join!` or the like polls by itself, with a waker of its own.
    Wake(Waker),
    /// A callback, which goes into the ready queue itself.
    Call(Rc<dyn CallbackOf<Promise<T>>>),
}

/// What all promises have.
pub(crate) struct Shared<T: 'static> {
    core: Weak<Core>,
    /// Invariant: leaves `Pending` once, and never comes back.
    pub(crate) state: RefCell<State<T>>,
    /// True once somebody has looked at the outcome. An error that nobody has seen is reported when the promise is dropped.
    seen: Cell<bool>,
    /// True for the promise of a task.
    of_task: bool,
    /// For observers.
    pub(crate) number: Number,
}

impl<T> Shared<T> {
    pub(crate) fn new(core: &Rc<Core>, of_task: bool) -> Self {
        let state = RefCell::new(State::Pending(List::default()));
        let (seen, number) = Default::default();
        Shared { core: Rc::downgrade(core), state, seen, of_task, number }
    }

    /// Gives what reports call it.
    pub(crate) fn kind(&self) -> &'static str {
        if self.of_task { "Task" } else { "Promise" }
    }

    /// Gives those who wait for the promise, unless it is done.
    pub(crate) fn listeners(&self) -> Option<RefMut<'_, List<Listener<T>>>> {
        let listeners = RefMut::filter_map(self.state.borrow_mut(), |state| match state {
            State::Pending(listeners) => Some(listeners),
            _ => None,
        });
        listeners.ok()
    }
}

/// Names a callback for [`Promise::remove_done_callback`]: closures have no identity of their own.
///
/// No two callbacks have the same, whatever promise they were given to. It stays on its thread, as the promises do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackId(u64, PhantomData<*const ()>);

/// A result that will be there later, and that someone else provides.
///
/// Clones are handles to the same promise. Any number of tasks may await it, each gets a clone of the value.
/// It stays on its loop's thread. asyncio: `Future`.
///
/// ```
/// use asyncio::{EventLoop, Promise};
/// use std::time::Duration;
///
/// let event_loop = EventLoop::with_virtual_clock();
/// let promise: Promise<u32> = event_loop.create_promise();
/// let filled = promise.clone();
/// event_loop.call_later(Duration::from_secs(1), move || Ok::<_, asyncio::Error>(filled.set_result(666)?));
/// assert_eq!(event_loop.run_until_complete(promise).unwrap(), 666);
/// ```
pub struct Promise<T: 'static> {
    /// A promise of any kind: a plain one is a `Shared` and no more, others have one, a task's is `TaskCell`, a gather's `Whole`.
    cell: Rc<dyn PromiseCell<Value = T>>,
}

/// A promise that is not kept by whoever has this.
///
/// A promise keeps its callbacks, so a callback that is to look at its own promise, or at its siblings, keeps them in this form:
/// else each would keep the other, and neither would ever be dropped.
pub(crate) type WeakPromise<T> = Weak<dyn PromiseCell<Value = T>>;

impl<T> Clone for Promise<T> {
    fn clone(&self) -> Self {
        Promise { cell: self.cell.clone() }
    }
}

impl<T> Promise<T> {
    pub(crate) fn of(cell: Rc<dyn PromiseCell<Value = T>>) -> Self {
        Promise { cell }
    }

    pub(crate) fn shared(&self) -> &Shared<T> {
        self.cell.shared()
    }

    /// Makes a plain promise, and tells the observer what for.
    pub(crate) fn labelled(core: &Rc<Core>, label: &'static str, at: Option<Place>) -> Self {
        let promise = Promise::of(Rc::new(Shared::new(core, false)));
        promise.tell_created(core, label, None, at);
        promise
    }

    pub(crate) fn any(&self) -> Rc<dyn AnyPromise> {
        self.cell.clone()
    }

    pub(crate) fn downgrade(&self) -> WeakPromise<T> {
        Rc::downgrade(&self.cell)
    }

    pub(crate) fn belongs_to(&self, core: &Rc<Core>) -> bool {
        std::ptr::eq(self.shared().core.as_ptr(), Rc::as_ptr(core))
    }

    /// Gives the task that fills this promise, if one does.
    pub(crate) fn driven(&self) -> Option<Rc<dyn Driven>> {
        self.cell.clone().driven()
    }

    /// Tells whether this is the promise of that task.
    pub(crate) fn is_of(&self, task: &Rc<dyn Driven>) -> bool {
        std::ptr::addr_eq(Rc::as_ptr(&self.cell), Rc::as_ptr(task))
    }

    /// Gives what an observer hears when the promise is done.
    fn end_event(&self, names: &Observer) -> Kind {
        let outcome = match &*self.shared().state.borrow() {
            State::Finished(Err(error)) => Outcome::Exception(error.to_string()),
            State::Cancelled(_) => Outcome::Cancelled,
            _ => Outcome::Result,
        };
        match self.driven() {
            Some(task) => Kind::TaskDone { task: task.state().number, outcome },
            None => Kind::PromiseDone { promise: names.promise(&self.shared().number), outcome },
        }
    }

    /// Ends the promise, and hands those who wait for it to the loop.
    fn settle(&self, state: State<T>, at: Option<Place>) -> Result<(), InvalidState> {
        let shared = self.shared();
        let before = (!shared.is_done()).then(|| shared.state.replace(state));
        let Some(State::Pending(mut listeners)) = before else { return Err(InvalidState::AlreadyDone) };
        let core = shared.core.upgrade();
        if let Some(core) = &core {
            core.tell(at, |names| self.end_event(names));
        }
        while let Some(listener) = listeners.pop() {
            match (listener, &core) {
                (Listener::Wake(waker), _) => waker.wake(),
                (Listener::Step(task), Some(core)) => core.schedule_step(task),
                (Listener::Call(callback), Some(core)) => self.schedule(core, callback, None),
                // Its loop is gone, and nobody will call it.
                (listener, None) => seldom(|| drop_in_turn(listener)),
            }
        }
        Ok(())
    }

    /// Done-callbacks never run at once; they go through the ready queue like everything else.
    fn schedule(&self, core: &Core, callback: Rc<dyn CallbackOf<Promise<T>>>, at: Option<Place>) {
        callback.set_argument(self.clone());
        core.push_callback(callback, at);
    }

    /// Adds a callback, and gives its number; of a promise that is done it hears through the ready queue, too.
    fn listen<R: CallbackOutput>(&self, at: Option<Place>, function: impl FnOnce(&Promise<T>) -> R + 'static) -> u64 {
        let Some(core) = self.shared().core.upgrade() else { return new_number() };
        // The promise becomes the argument when it is done: one that kept itself before would never be dropped.
        let callback = once_with(function);
        if let Some(mut listeners) = self.shared().listeners() {
            return listeners.push(Listener::Call(callback));
        }
        self.schedule(&core, callback, at);
        new_number()
    }

    /// Lets somebody hear when the promise is done, in the place of the listener who had this number before.
    pub(crate) fn wake_when_done(&self, number: u64, listener: Listener<T>) {
        // That one is dropped when nothing is borrowed any more.
        let _before = self.shared().listeners().and_then(|mut listeners| listeners.put(number, listener));
    }

    /// Takes a listener back.
    pub(crate) fn forget(&self, number: u64) -> bool {
        self.shared().listeners().and_then(|mut listeners| listeners.take(number)).is_some()
    }

    /// Cancels the promise itself, whoever answers for it.
    pub(crate) fn settle_cancelled(&self, reason: &Cancelled) -> bool {
        self.settle(State::Cancelled(reason.clone()), None).is_ok()
    }

    /// Ends a promise of the library's own with an outcome; false if it is done, because it was cancelled. A cancellation in the
    /// outcome is an error like any other here.
    pub(crate) fn follow(&self, outcome: Result<T>) -> bool {
        self.settle(State::Finished(outcome), None).is_ok()
    }

    /// Fills a promise of the library's own.
    pub(crate) fn fill(&self, value: T) -> bool {
        self.follow(Ok(value))
    }

    /// Settles on behalf of a line of the program, which must leave a task's promise to the body.
    fn set(&self, state: State<T>, at: Place) -> Result<(), InvalidState> {
        match self.driven() {
            Some(_) => Err(InvalidState::OwnedByTask),
            None => self.settle(state, Some(at)),
        }
    }

    /// Fills the promise with a value and wakes who waits; nobody runs before this call has returned.
    ///
    /// # Errors
    /// If the promise is done, or belongs to a task.
    ///
    /// asyncio: `future.set_result(value)`.
    #[track_caller]
    pub fn set_result(&self, value: T) -> Result<(), InvalidState> {
        self.set(State::Finished(Ok(value)), Location::caller())
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
        self.set(State::Finished(Err(error.into())), Location::caller())
    }

    /// Cancels the promise, or asks its task to end; false if it is done already, or if what it waits for refuses, as the children
    /// of a gather may.
    ///
    /// asyncio: `future.cancel()`.
    pub fn cancel(&self) -> bool {
        cancel(self.any(), &Cancelled::new())
    }

    /// Cancels with a message for whoever sees the cancellation.
    ///
    /// asyncio: `future.cancel(msg)`.
    pub fn cancel_with_message(&self, message: impl Into<Arc<str>>) -> bool {
        cancel(self.any(), &Cancelled::with_message(message))
    }

    /// Tells whether there is a result, an error, or a cancellation.
    ///
    /// asyncio: `future.done()`.
    pub fn is_done(&self) -> bool {
        self.cell.is_done()
    }

    /// Tells whether the promise was cancelled.
    ///
    /// asyncio: `future.cancelled()`.
    pub fn is_cancelled(&self) -> bool {
        self.cell.is_cancelled()
    }

    /// Gives the error that the promise ended with, if it did.
    ///
    /// # Errors
    /// [`Cancelled`], or [`InvalidState::ExceptionNotSet`] while it is pending.
    ///
    /// asyncio: `future.exception()`.
    pub fn exception(&self) -> Result<Option<Error>> {
        match &*self.shared().state.borrow() {
            State::Pending(_) => Err(InvalidState::ExceptionNotSet.into()),
            State::Cancelled(cancelled) => Err(cancelled.clone().into()),
            State::Finished(_) => Ok(self.cell.error()),
        }
    }

    /// Tells whether the promise ended with an error, without looking at it: the error may still be reported as unseen.
    pub fn failed(&self) -> bool {
        matches!(*self.shared().state.borrow(), State::Finished(Err(_)))
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
        CallbackId(self.listen(Some(Location::caller()), callback), PhantomData)
    }

    /// Takes a callback back; false if it was taken back before or the promise is done.
    ///
    /// asyncio: `future.remove_done_callback(callback)`.
    pub fn remove_done_callback(&self, id: CallbackId) -> bool {
        self.forget(id.0)
    }
}

impl<T: Clone> Promise<T> {
    /// Gives the value.
    ///
    /// # Errors
    /// The promise's own error, [`Cancelled`], or [`InvalidState::ResultNotSet`] while it is pending.
    ///
    /// asyncio: `future.result()`.
    pub fn result(&self) -> Result<T> {
        self.outcome().unwrap_or_else(|| Err(InvalidState::ResultNotSet.into()))
    }

    /// Gives the result if the promise is done.
    pub(crate) fn outcome(&self) -> Option<Result<T>> {
        let shared = self.shared();
        match &*shared.state.borrow() {
            State::Pending(_) => None,
            State::Finished(result) => {
                shared.seen.set(true);
                Some(result.clone())
            }
            State::Cancelled(cancelled) => Some(Err(cancelled.clone().into())),
        }
    }
}

impl EventLoop {
    /// Makes a promise that somebody will fill.
    ///
    /// asyncio: `loop.create_future()`.
    #[track_caller]
    pub fn create_promise<T: 'static>(&self) -> Promise<T> {
        Promise::labelled(&self.core, "promise", Some(Location::caller()))
    }
}

/// A promise of any kind. The kinds differ in what a cancellation does.
pub(crate) trait PromiseCell: AnyPromise + 'static {
    type Value;

    fn shared(&self) -> &Shared<Self::Value>;

    /// Gives the task that fills the promise, if one does.
    fn driven(self: Rc<Self>) -> Option<Rc<dyn Driven>> {
        None
    }

    /// Names those to whom a cancellation is passed on: what the promise waits for itself.
    fn targets(&self) -> Targets {
        Vec::new()
    }

    /// Hears which of its targets have accepted a cancellation, in their order; says whether the promise accepts.
    fn decide(&self, promise: &Promise<Self::Value>, reason: &Cancelled, _: &[bool]) -> bool {
        promise.settle_cancelled(reason)
    }
}

/// Those to whom a cancellation is passed on.
pub(crate) type Targets = Vec<Rc<dyn AnyPromise>>;

/// A promise without its value's type.
pub(crate) trait AnyPromise {
    /// Gives its loop, unless that is gone.
    fn core(&self) -> Option<Rc<Core>>;
    fn is_done(&self) -> bool;
    fn is_cancelled(&self) -> bool;
    /// Gives the error of a promise that failed, and notes that somebody has seen it.
    fn error(&self) -> Option<Error>;
    /// Tells whether who awaits the promise sees a cancellation: it was cancelled, or failed with one, as a gather does. An error
    /// counts as seen then.
    fn ended_cancelled(&self) -> bool {
        self.is_cancelled() || self.error().is_some_and(|error| error.is_cancelled())
    }
    /// Schedules a callback for when the promise is done.
    fn on_done(self: Rc<Self>, callback: Box<dyn FnOnce()>);
    /// Gives what the promise waits for itself, and the name of the task that it is of.
    fn waits_for(self: Rc<Self>) -> (Targets, Option<Rc<str>>);
    /// Begins a cancellation, and gives those to whom it is passed on; `None` if the promise refuses it at once.
    fn ask(self: Rc<Self>, reason: &Cancelled) -> Option<Targets>;
    /// Ends what `ask` began: hears which of those have accepted, and says whether the promise accepts.
    fn answer(self: Rc<Self>, reason: &Cancelled, accepted: &[bool]) -> bool;
}

impl<C: PromiseCell> AnyPromise for C {
    fn core(&self) -> Option<Rc<Core>> {
        self.shared().core.upgrade()
    }

    fn is_done(&self) -> bool {
        !matches!(*self.shared().state.borrow(), State::Pending(_))
    }

    fn is_cancelled(&self) -> bool {
        matches!(*self.shared().state.borrow(), State::Cancelled(_))
    }

    fn error(&self) -> Option<Error> {
        let State::Finished(Err(error)) = &*self.shared().state.borrow() else { return None };
        self.shared().seen.set(true);
        Some(error.clone())
    }

    fn on_done(self: Rc<Self>, callback: Box<dyn FnOnce()>) {
        Promise::of(self).listen(None, |_| callback());
    }

    fn waits_for(self: Rc<Self>) -> (Targets, Option<Rc<str>>) {
        let name = self.clone().driven().map(|task| task.state().name());
        (self.targets(), name)
    }

    fn ask(self: Rc<Self>, reason: &Cancelled) -> Option<Targets> {
        // Who cancels what has failed has seen that it failed.
        self.error();
        let begins = || self.clone().driven().is_none_or(|task| task.begin_cancel(reason));
        (!self.is_done() && begins()).then(|| self.targets())
    }

    fn answer(self: Rc<Self>, reason: &Cancelled, accepted: &[bool]) -> bool {
        self.decide(&Promise::of(self.clone()), reason, accepted)
    }
}

/// Cancels a promise, and those to whom the cancellation is passed on; false if it is done already, or nobody accepts.
///
/// A task passes it on to what it waits for, that may be another task, and so on: a chain may have any number of links, so this is
/// a loop with a stack of its own, and no recursion. In a cycle the one that closes it refuses.
pub(crate) fn cancel(promise: Rc<dyn AnyPromise>, reason: &Cancelled) -> bool {
    // Who has been asked stays in here with the place at which the answers of its targets will begin.
    let mut todo = vec![(promise, None)];
    let mut answers = Vec::new();
    while let Some((promise, asked)) = todo.pop() {
        if let Some(first) = asked {
            let accepted = answers.split_off(first);
            answers.push(promise.answer(reason, &accepted));
        } else if let Some(targets) = promise.clone().ask(reason) {
            todo.push((promise, Some(answers.len())));
            todo.extend(targets.into_iter().rev().map(|target| (target, None)));
        } else {
            answers.push(false);
        }
    }
    answers == [true]
}

thread_local! {
    /// What is to be dropped when the drop that goes on is over; `None` if none goes on.
    static DROPPED: RefCell<Option<Vec<Box<dyn Any>>>> = const { RefCell::new(None) };
}

/// Drops a value, but never inside the drop of another one that came this way.
///
/// A promise keeps its callbacks, and a callback may keep another promise: so a chain of any length is taken apart link by link.
pub(crate) fn drop_in_turn(value: impl Any) {
    let mut value = Some(value);
    let known = DROPPED.try_with(|dropped| {
        if let Some(dropped) = &mut *dropped.borrow_mut() {
            dropped.push(Box::new(value.take()));
        }
    });
    // On a thread that ends there is no list any more, and the value is dropped right here.
    let (Some(value), Ok(())) = (value, known) else { return };
    DROPPED.set(Some(Vec::new()));
    // Also after a destructor that panics.
    let _rest = OnDrop(|| drop(DROPPED.take()));
    drop(value);
    while let Some(next) = DROPPED.with_borrow_mut(|dropped| dropped.as_mut()?.pop()) {
        drop(next);
    }
}

impl<T: 'static> Drop for Shared<T> {
    fn drop(&mut self) {
        match self.state.get_mut() {
            State::Pending(listeners) if !listeners.is_empty() => {
                seldom(|| drop_in_turn(std::mem::take(listeners)));
            }
            State::Finished(Err(error)) if !self.seen.get() => {
                let error = error.clone();
                let Some(core) = self.core.upgrade() else { return };
                core.report(format!("{} exception was never retrieved", self.kind()), Some(error));
            }
            _ => {}
        }
    }
}

/// A promise that anybody may fill is no more than that.
impl<T> PromiseCell for Shared<T> {
    type Value = T;

    fn shared(&self) -> &Shared<T> {
        self
    }
}
