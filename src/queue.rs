//! Queues between tasks of one loop.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::rc::Rc;

use crate::error::{Cancelled, Error, texts};
use crate::observe::{self, Kind, Number, Place};
use crate::waiters::Waiters;

/// Says why nothing was taken.
///
/// asyncio: `QueueEmpty`, `QueueShutDown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetError {
    /// There was nothing to get.
    Empty,
    /// Nothing will come, for the queue was shut down.
    ShutDown,
}

texts! { GetError, Self::Empty => "queue is empty", Self::ShutDown => "queue is shut down" }

/// Says why an item was not put in, and gives it back.
///
/// asyncio: `QueueFull`, `QueueShutDown`.
#[derive(Clone, PartialEq, Eq)]
pub enum PutError<T> {
    /// There was no room.
    Full(T),
    /// The queue was shut down.
    ShutDown(T),
}

impl<T> PutError<T> {
    /// Gives the item back.
    pub fn into_item(self) -> T {
        let (PutError::Full(item) | PutError::ShutDown(item)) = self;
        item
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, PutError::Full(_)) { "Full(..)" } else { "ShutDown(..)" })
    }
}

texts! { PutError<T>, Self::Full(_) => "queue is full", Self::ShutDown(_) => "queue is shut down" }

/// Says to one who waits in `put` or `get` that the queue was shut down.
///
/// asyncio: `QueueShutDown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueShutDown;

texts! { QueueShutDown, Self => "queue is shut down" }

/// Says that `task_done` was called more often than items were put.
///
/// asyncio: `ValueError: task_done() called too many times`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyTaskDone;

texts! { TooManyTaskDone, Self => "task_done() called too many times" }

/// How a queue keeps its items, and so which one comes out next.
pub trait Storage<T>: Default {
    /// Takes an item in.
    fn push(&mut self, item: T);
    /// Gives the next item.
    fn pop(&mut self) -> Option<T>;
    /// Counts the items.
    fn len(&self) -> usize;
    /// Tells whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// First in, first out.
pub type Fifo<T> = VecDeque<T>;

impl<T> Storage<T> for Fifo<T> {
    fn push(&mut self, item: T) {
        self.push_back(item);
    }

    fn pop(&mut self) -> Option<T> {
        self.pop_front()
    }

    fn len(&self) -> usize {
        VecDeque::len(self)
    }
}

/// Last in, first out.
pub type Lifo<T> = Vec<T>;

impl<T> Storage<T> for Lifo<T> {
    fn push(&mut self, item: T) {
        Vec::push(self, item);
    }

    fn pop(&mut self) -> Option<T> {
        Vec::pop(self)
    }

    fn len(&self) -> usize {
        Vec::len(self)
    }
}

/// Smallest first; equal items in no promised order.
pub type Smallest<T> = BinaryHeap<Reverse<T>>;

impl<T: Ord> Storage<T> for Smallest<T> {
    fn push(&mut self, item: T) {
        BinaryHeap::push(self, Reverse(item));
    }

    fn pop(&mut self) -> Option<T> {
        BinaryHeap::pop(self).map(|Reverse(item)| item)
    }

    fn len(&self) -> usize {
        BinaryHeap::len(self)
    }
}

#[derive(Default)]
struct Shared<S> {
    items: RefCell<S>,
    /// Zero for a queue without bounds.
    maxsize: usize,
    getters: Waiters,
    putters: Waiters,
    /// How many items were put and not yet reported by `task_done`.
    unfinished: Cell<usize>,
    joiners: Waiters,
    shut_down: Cell<bool>,
    /// For observers.
    number: Number,
}

/// A queue in any order; see [`Queue`], [`LifoQueue`] and [`PriorityQueue`].
pub struct BasicQueue<T, S> {
    shared: Rc<Shared<S>>,
    item: PhantomData<T>,
}

/// A queue between tasks: `get` waits for an item, and `put` waits for room.
///
/// Clones are handles to the same queue, and a `get` or `put` holds one, so that it can be given to `create_task` or `wait_for`.
/// Waiters are served in the order in which they came. A woken `get` does not own its item yet: another task may take it first,
/// and then the getter queues again, behind the others.
///
/// asyncio: `Queue`.
///
/// ```
/// use asyncio::{EventLoop, Queue, create_task};
///
/// let got = EventLoop::new().run(async {
///     let queue = Queue::bounded(1);
///     let sender = queue.clone();
///     create_task(async move {
///         for n in 1..=3 {
///             sender.put(n).await?;
///         }
///         Ok(())
///     });
///     Ok([queue.get().await?, queue.get().await?, queue.get().await?])
/// });
/// assert_eq!(got.unwrap(), [1, 2, 3]);
/// ```
///
/// # From another thread
/// A queue stays on its loop's thread. Another thread sends a callback there, by a [`LoopHandle`](crate::LoopHandle), and the
/// callback finds the queue where it lives. asyncio: `loop.call_soon_threadsafe(queue.put_nowait, item)`.
///
/// ```
/// use asyncio::{Error, EventLoop, Queue};
///
/// thread_local! {
///     static JOBS: Queue<u32> = Queue::new();
/// }
///
/// let event_loop = EventLoop::new();
/// let handle = event_loop.handle();
/// std::thread::spawn(move || {
///     handle.call_soon_threadsafe(|| JOBS.with(|jobs| Ok::<_, Error>(jobs.put_nowait(7)?)))
/// });
/// let job = event_loop.run(async { Ok(JOBS.with(Queue::clone).get().await?) });
/// assert_eq!(job.unwrap(), 7);
/// ```
pub type Queue<T> = BasicQueue<T, Fifo<T>>;

/// A queue whose newest item comes out first. asyncio: `LifoQueue`.
pub type LifoQueue<T> = BasicQueue<T, Lifo<T>>;

/// A queue whose smallest item comes out first. asyncio: `PriorityQueue`.
///
/// ```
/// use asyncio::PriorityQueue;
///
/// let queue = PriorityQueue::new();
/// for n in [1, 3, 2] {
///     queue.put_nowait(n).unwrap();
/// }
/// assert_eq!(queue.get_nowait(), Ok(1));
/// ```
pub type PriorityQueue<T> = BasicQueue<T, Smallest<T>>;

impl<T, S> Clone for BasicQueue<T, S> {
    fn clone(&self) -> Self {
        BasicQueue { shared: self.shared.clone(), item: PhantomData }
    }
}

impl<T, S: Storage<T>> Default for BasicQueue<T, S> {
    fn default() -> Self {
        BasicQueue::new()
    }
}

impl<T, S: Storage<T>> BasicQueue<T, S> {
    /// Makes a queue without bounds.
    ///
    /// asyncio: `Queue()`.
    pub fn new() -> Self {
        BasicQueue::bounded(0)
    }

    /// Makes a queue for at most `maxsize` items; zero means without bounds.
    ///
    /// asyncio: `Queue(maxsize)`.
    pub fn bounded(maxsize: usize) -> Self {
        let shared = Shared { maxsize, ..Shared::default() };
        BasicQueue { shared: Rc::new(shared), item: PhantomData }
    }

    /// Counts the items that wait in the queue.
    ///
    /// asyncio: `queue.qsize()`.
    pub fn qsize(&self) -> usize {
        self.shared.items.borrow().len()
    }

    /// Gives the bound; zero means there is none.
    pub fn maxsize(&self) -> usize {
        self.shared.maxsize
    }

    /// Tells whether there is nothing to get.
    pub fn is_empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Tells whether there is no room; never true of a queue without bounds.
    pub fn is_full(&self) -> bool {
        self.shared.maxsize > 0 && self.qsize() >= self.shared.maxsize
    }

    /// Puts an item in if there is room.
    ///
    /// # Errors
    /// [`PutError`] with the item.
    ///
    /// asyncio: `queue.put_nowait(item)`.
    #[track_caller]
    pub fn put_nowait(&self, item: T) -> Result<(), PutError<T>> {
        self.put_at(item, Location::caller())
    }

    fn put_at(&self, item: T, at: Place) -> Result<(), PutError<T>> {
        let shared = &self.shared;
        if shared.shut_down.get() {
            return Err(PutError::ShutDown(item));
        }
        if self.is_full() {
            return Err(PutError::Full(item));
        }
        shared.items.borrow_mut().push(item);
        shared.unfinished.set(shared.unfinished.get() + 1);
        observe::tell(Some(at), |names| Kind::QueuePut { queue: names.queue(&shared.number), len: self.qsize() });
        shared.getters.wake_next();
        Ok(())
    }

    /// Puts an item in, and waits for room if there is none. With room it does not suspend.
    ///
    /// # Errors
    /// If the task is cancelled while it waits, or [`QueueShutDown`]; the item was not put in and is dropped.
    ///
    /// # Cancellation
    /// A put that is cancelled or dropped inserts nothing and passes its turn on.
    ///
    /// asyncio: `await queue.put(item)`.
    #[track_caller]
    pub fn put(&self, item: T) -> impl Future<Output = Result<(), Error>> + use<T, S> {
        let (queue, at) = (self.clone(), Location::caller());
        async move {
            while queue.is_full() && !queue.shared.shut_down.get() {
                let putters = &queue.shared.putters;
                let pass_on = |woken| putters.wake_next_if(woken && !queue.is_full());
                putters.wait("queue put", Some(at), pass_on).await?;
            }
            // There is room, and nobody ran since it was seen: only a shutdown can refuse the item.
            queue.put_at(item, at).map_err(|_| QueueShutDown.into())
        }
    }

    /// Takes the next item if there is one.
    ///
    /// # Errors
    /// [`GetError`].
    ///
    /// asyncio: `queue.get_nowait()`.
    #[track_caller]
    pub fn get_nowait(&self) -> Result<T, GetError> {
        self.get_at(Location::caller())
    }

    fn get_at(&self, at: Place) -> Result<T, GetError> {
        let shared = &self.shared;
        let none = if shared.shut_down.get() { GetError::ShutDown } else { GetError::Empty };
        let item = shared.items.borrow_mut().pop().ok_or(none)?;
        observe::tell(Some(at), |names| Kind::QueueGet { queue: names.queue(&shared.number), len: self.qsize() });
        shared.putters.wake_next();
        Ok(item)
    }

    /// Takes the next item, and waits for one if there is none. With an item at hand it does not suspend.
    ///
    /// # Errors
    /// If the task is cancelled while it waits, or [`QueueShutDown`].
    ///
    /// # Cancellation
    /// No item is lost: a get that was woken and is then cancelled or dropped has taken nothing, and wakes the next getter
    /// instead.
    ///
    /// asyncio: `await queue.get()`.
    #[track_caller]
    pub fn get(&self) -> impl Future<Output = Result<T, Error>> + use<T, S> {
        let (queue, at) = (self.clone(), Location::caller());
        async move {
            while queue.is_empty() && !queue.shared.shut_down.get() {
                let getters = &queue.shared.getters;
                let pass_on = |woken| getters.wake_next_if(woken && !queue.is_empty());
                getters.wait("queue get", Some(at), pass_on).await?;
            }
            // An item is there, or the queue was shut down.
            queue.get_at(at).map_err(|_| QueueShutDown.into())
        }
    }

    /// Ends the queue: nothing can be put in any more, and when the items that are there have been taken, every `get` fails.
    ///
    /// With `immediate` the items are dropped, and count as dealt with, so that a `join` may end.
    /// All who wait in `put` or `get` are woken.
    ///
    /// asyncio: `queue.shutdown(immediate)`.
    pub fn shutdown(&self, immediate: bool) {
        let shared = &self.shared;
        shared.shut_down.set(true);
        if immediate {
            let items = shared.items.take();
            let left = shared.unfinished.get().saturating_sub(items.len());
            shared.unfinished.set(left);
            drop(items);
            if left == 0 {
                shared.joiners.wake_all();
            }
        }
        shared.getters.wake_all();
        shared.putters.wake_all();
    }

    /// Reports that one item that was taken has been dealt with.
    ///
    /// # Errors
    /// If every item was reported already.
    ///
    /// asyncio: `queue.task_done()`.
    pub fn task_done(&self) -> Result<(), TooManyTaskDone> {
        let unfinished = &self.shared.unfinished;
        unfinished.set(unfinished.get().checked_sub(1).ok_or(TooManyTaskDone)?);
        if unfinished.get() == 0 {
            self.shared.joiners.wake_all();
        }
        Ok(())
    }

    /// Waits until every item that was put has been reported by `task_done`. At zero it does not suspend.
    ///
    /// It ends at that moment: an item that is put before the waiting task runs again does not hold it back.
    ///
    /// # Errors
    /// If the task is cancelled while it waits.
    ///
    /// asyncio: `await queue.join()`.
    #[track_caller]
    pub fn join(&self) -> impl Future<Output = Result<(), Cancelled>> {
        let at = Location::caller();
        async move {
            if self.shared.unfinished.get() > 0 {
                self.shared.joiners.wait("queue join", Some(at), |_| {}).await?;
            }
            Ok(())
        }
    }
}
