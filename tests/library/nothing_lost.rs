//! What was taken is delivered, or it is still there for the next.
//!
//! A leaf waits under a limit, and what it waits for comes at about the time of the limit: some passes before or after it, at the same
//! time, or while the clock jumps over both. Whoever of the two is faster, nothing vanishes between them. Each test tries one leaf
//! with every limit and at every point in time, alone and with a rival that waits behind it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::marker::PhantomData;
use std::net;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{
    Barrier, Condition, Error, EventLoop, Lock, LockGuard, Permit, Queue, Result, ReturnWhen,
    Semaphore, StreamReader, StreamWriter, Task, TcpListener, TcpStream, cancellable, create_task,
    get_running_loop, sleep, task_group, timeout, wait, wait_for, yield_now,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{boom, ends};

/// When every limit is over.
const LIMIT: Duration = Duration::from_secs(1);
/// How many passes lie between the limit and what is waited for, at most.
const FAR: i32 = 3;
const NANOSECOND: Duration = Duration::from_nanos(1);

/// What waits, and for what.
trait Leaf: Clone + 'static {
    type Taken: Clone + 'static;
    /// True if it waits for the news of a socket.
    const SOCKET: bool = false;

    /// Makes the stage; what is waited for is not there.
    async fn make() -> Result<Self>;

    /// Waits, and takes.
    async fn take(self) -> Result<Self::Taken>;

    /// Provides what one `take` waits for. A callback calls it.
    fn give(&self) -> Result<()>;

    /// Provides it for the next one after the first has taken.
    fn give_next(&self, _taken: &Self::Taken) -> Result<()> {
        self.give()
    }

    /// Checks the sums at the end: `taken` was delivered, and `given` is how often something was provided.
    async fn check(self, taken: Vec<Self::Taken>, given: usize) -> Result<()>;
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    WaitForFuture,
    /// What the task returns is delivered, whatever `wait_for` says: it can still be read.
    WaitForTask,
    WaitForPromiseOfTask,
    Timeout,
    /// The limit is over, and then the task is cancelled.
    WaitThenCancel,
    /// A task of the group takes, and another one fails.
    TaskOfFailingGroup,
    /// The body of the group takes, and a task fails.
    BodyOfFailingGroup,
    Cancelled,
    /// Both at the same time.
    TimeoutAndCancelled,
    WaitForTaskAndCancelled,
    /// The leaf is dropped.
    Raced,
}

const LIMITS: [Limit; 11] = [
    Limit::WaitForFuture,
    Limit::WaitForTask,
    Limit::WaitForPromiseOfTask,
    Limit::Timeout,
    Limit::WaitThenCancel,
    Limit::TaskOfFailingGroup,
    Limit::BodyOfFailingGroup,
    Limit::Cancelled,
    Limit::TimeoutAndCancelled,
    Limit::WaitForTaskAndCancelled,
    Limit::Raced,
];

/// When that comes which is waited for.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many passes after the clock was moved over the limit, or before it.
    Passes(i32),
    /// The same, and the loop has so much to do that it asks the operating system in each pass: only then can news of a socket
    /// come between the limit and what the limit does.
    BusyPasses(i32),
    /// So many nanoseconds after the limit, or before it. At the same time, it is first if its timer was set before.
    Nanoseconds(i32, Order),
    /// The same, and the clock jumps over both.
    Overdue(i32, Order),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    BeforeTheLimit,
    AfterTheLimit,
}

fn moments(socket: bool) -> Vec<Moment> {
    let mut moments: Vec<Moment> = (-FAR..=FAR).map(Moment::Passes).collect();
    if socket {
        moments.extend((-FAR..=FAR).map(Moment::BusyPasses));
    }
    // Among timers only those of the same time have an order of their own.
    let times = [
        (-1, Order::BeforeTheLimit),
        (0, Order::BeforeTheLimit),
        (0, Order::AfterTheLimit),
        (1, Order::AfterTheLimit),
    ];
    for (distance, order) in times {
        moments.push(Moment::Nanoseconds(distance, order));
        moments.push(Moment::Overdue(distance, order));
    }
    moments
}

fn shifted(by: i32) -> Duration {
    let distance = NANOSECOND * by.unsigned_abs();
    match by < 0 {
        true => LIMIT - distance,
        false => LIMIT + distance,
    }
}

/// Calls `callback` so many passes from now; at once if that is none.
fn after_passes(passes: u32, callback: impl FnOnce() -> Result<()> + 'static) -> Result<()> {
    match passes {
        0 => callback(),
        _ => {
            get_running_loop()?.call_soon(move || after_passes(passes - 1, callback));
            Ok(())
        }
    }
}

/// Gives the loop much to do in so many passes.
fn keep_busy(passes: usize) -> Result<()> {
    let event_loop = get_running_loop()?;
    for _ in 0..64 {
        event_loop.call_soon(|| ());
    }
    if passes > 1 {
        event_loop.call_soon(move || keep_busy(passes - 1));
    }
    Ok(())
}

async fn ended<T: 'static>(task: &Task<T>) -> Result<()> {
    wait([task], None, ReturnWhen::AllCompleted).await?;
    Ok(())
}

async fn fails_at_the_limit() -> Result<()> {
    sleep(LIMIT).await?;
    Err(boom())
}

fn cancel_at_the_limit<T: 'static>(task: &Task<T>) -> Result<()> {
    let task = task.clone();
    get_running_loop()?.call_later(LIMIT, move || {
        task.cancel();
    });
    Ok(())
}

/// Takes under a limit, and gives what somebody has got of it.
async fn take_under<L: Leaf>(limit: Limit, leaf: L) -> Result<Option<L::Taken>> {
    Ok(match limit {
        Limit::WaitForFuture => wait_for(leaf.take(), LIMIT).await.ok(),
        Limit::WaitForTask => {
            let task = create_task(leaf.take());
            let waited = wait_for(&task, LIMIT).await.is_ok();
            assert!(task.is_done(), "wait_for has waited for its end");
            assert!(!waited || task.result().is_ok());
            task.result().ok()
        }
        Limit::WaitForPromiseOfTask => {
            let promise = create_task(leaf.take()).promise();
            let _ = wait_for(&promise, LIMIT).await;
            promise.result().ok()
        }
        Limit::Timeout => timeout(LIMIT, leaf.take()).await.ok(),
        Limit::WaitThenCancel => {
            let task = create_task(leaf.take());
            wait([&task], LIMIT, ReturnWhen::AllCompleted).await?;
            task.cancel();
            ended(&task).await?;
            task.result().ok()
        }
        Limit::TaskOfFailingGroup => {
            let started = Cell::new(None);
            let group = task_group(async |group| {
                started.set(Some(group.create_task(leaf.take())?));
                group.create_task(fails_at_the_limit())?;
                Ok(())
            });
            group.await.expect_err("a task fails");
            let task = started.take().expect("the body has started it");
            task.result().ok()
        }
        Limit::BodyOfFailingGroup => {
            let mut taken = None;
            let group = task_group(async |group| {
                group.create_task(fails_at_the_limit())?;
                taken = Some(leaf.take().await?);
                Ok(())
            });
            group.await.expect_err("a task fails");
            taken
        }
        Limit::Cancelled => {
            let task = create_task(leaf.take());
            cancel_at_the_limit(&task)?;
            ended(&task).await?;
            task.result().ok()
        }
        Limit::TimeoutAndCancelled => {
            let task = create_task(timeout(LIMIT, leaf.take()));
            cancel_at_the_limit(&task)?;
            ended(&task).await?;
            task.result().ok()
        }
        Limit::WaitForTaskAndCancelled => {
            let inner = create_task(leaf.take());
            let awaited = inner.clone();
            let task = create_task(async move { wait_for(awaited, LIMIT).await });
            cancel_at_the_limit(&task)?;
            ended(&task).await?;
            ended(&inner).await?;
            inner.result().ok()
        }
        Limit::Raced => tokio::select! {
            biased;
            over = sleep(LIMIT) => over.map(|()| None)?,
            taken = leaf.take() => Some(taken?),
        },
    })
}

/// Lets the loop give at that moment. `set` is when the timer of the limit is set, too.
async fn arrange<L: Leaf>(leaf: &L, moment: Moment, set: Order) -> Result<()> {
    let event_loop = get_running_loop()?;
    let clock = event_loop.clone();
    let giver = leaf.clone();
    match moment {
        Moment::Passes(distance) | Moment::BusyPasses(distance) if set == Order::AfterTheLimit => {
            if matches!(moment, Moment::BusyPasses(_)) {
                keep_busy(8)?;
            }
            let passes = distance.unsigned_abs();
            if distance < 0 {
                leaf.give()?;
                after_passes(passes, move || {
                    clock.advance(LIMIT);
                    Ok(())
                })?;
            } else {
                event_loop.advance(LIMIT);
                after_passes(passes, move || giver.give())?;
            }
        }
        Moment::Nanoseconds(distance, order) | Moment::Overdue(distance, order) => {
            if set == order {
                event_loop.call_later(shifted(distance), move || giver.give());
            }
            if set == Order::AfterTheLimit && matches!(moment, Moment::Overdue(..)) {
                event_loop.advance(LIMIT * 2);
            }
        }
        Moment::Passes(_) | Moment::BusyPasses(_) => {}
    }
    Ok(())
}

/// Plays one scene, and tells whether the first has taken.
async fn play<L: Leaf>(limit: Limit, moment: Moment, with_rival: bool) -> Result<bool> {
    let leaf = L::make().await?;
    arrange(&leaf, moment, Order::BeforeTheLimit).await?;
    let first = create_task(take_under(limit, leaf.clone()));
    // Until it waits; then the rival comes.
    for _ in 0..4 {
        yield_now().await?;
    }
    let rival = with_rival.then(|| create_task(leaf.clone().take()));
    for _ in 0..2 {
        yield_now().await?;
    }
    arrange(&leaf, moment, Order::AfterTheLimit).await?;
    let taken = first.await?;
    // Until all is given.
    sleep(LIMIT * 3).await?;
    let mut given = 1;
    let mut all: Vec<L::Taken> = taken.into_iter().collect();
    let has_taken = !all.is_empty();
    if let Some(rival) = rival {
        if let Some(taken) = all.first() {
            leaf.give_next(taken)?;
            given += 1;
        }
        all.push(rival.await?);
    }
    leaf.check(all, given).await?;
    Ok(has_taken)
}

/// Says in which play a test has failed.
struct Scene(String);

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in the scene {}", self.0);
        }
    }
}

/// Tries a leaf with every limit and at every moment.
fn try_all<L: Leaf>(rivals: &'static [bool]) {
    try_under::<L>(&LIMITS, rivals);
}

fn try_under<L: Leaf>(limits: &'static [Limit], rivals: &'static [bool]) {
    ends(move |waiting| {
        for limit in limits {
            let mut outcomes = BTreeSet::new();
            for moment in moments(L::SOCKET) {
                for rival in rivals {
                    let scene = Scene(format!("{limit:?}, {moment:?}, rival: {rival}"));
                    waiting.is_for(&scene.0);
                    let event_loop = EventLoop::with_virtual_clock();
                    match event_loop.run(play::<L>(*limit, moment, *rival)) {
                        Ok(has_taken) => outcomes.insert(has_taken),
                        Err(error) => panic!("{error}"),
                    };
                }
            }
            assert_eq!(outcomes.len(), 2, "{limit:?} was always first, or never");
        }
    });
}

const ALONE: &[bool] = &[false];
const WITH_A_RIVAL: &[bool] = &[true];
const ALONE_AND_WITH_A_RIVAL: &[bool] = &[false, true];

/// Something that is taken once, and that whoever has a clone can let go.
struct Held<T>(Rc<Cell<Option<T>>>);

impl<T> Held<T> {
    fn new(value: T) -> Self {
        Held(Rc::new(Cell::new(Some(value))))
    }

    fn let_go(&self) {
        drop(self.0.take());
    }
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        Held(self.0.clone())
    }
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

/// Gets from a queue that holds at most `BOUND`.
#[derive(Clone)]
struct Get<const BOUND: usize> {
    queue: Queue<usize>,
    put: Rc<Cell<usize>>,
}

impl<const BOUND: usize> Leaf for Get<BOUND> {
    type Taken = usize;

    async fn make() -> Result<Self> {
        Ok(Get {
            queue: Queue::bounded(BOUND),
            put: Rc::default(),
        })
    }

    async fn take(self) -> Result<usize> {
        self.queue.get().await
    }

    fn give(&self) -> Result<()> {
        let queue = self.queue.clone();
        // Those who put more than there is room for wait themselves.
        for _ in 0..BOUND.max(1) {
            let item = self.put.replace(self.put.get() + 1);
            let queue = queue.clone();
            match queue.is_full() {
                false => queue.put_nowait(item)?,
                true => drop(create_task(async move { queue.put(item).await })),
            }
        }
        Ok(())
    }

    async fn check(self, mut all: Vec<usize>, _given: usize) -> Result<()> {
        while all.len() < self.put.get() {
            all.push(self.queue.get().await?);
        }
        assert!(self.queue.is_empty());
        assert_eq!(sorted(all), (0..self.put.get()).collect::<Vec<_>>());
        Ok(())
    }
}

#[test]
fn an_item_is_got_or_left_for_the_next() {
    try_all::<Get<0>>(ALONE_AND_WITH_A_RIVAL);
    try_all::<Get<1>>(ALONE_AND_WITH_A_RIVAL);
    try_all::<Get<2>>(ALONE_AND_WITH_A_RIVAL);
}

/// Puts into a queue that is full.
#[derive(Clone)]
struct Put {
    queue: Queue<usize>,
    made: Rc<Cell<usize>>,
    got: Rc<RefCell<Vec<usize>>>,
}

impl Leaf for Put {
    type Taken = usize;

    async fn make() -> Result<Self> {
        let queue = Queue::bounded(1);
        queue.put_nowait(0)?;
        Ok(Put {
            queue,
            made: Rc::default(),
            got: Rc::default(),
        })
    }

    async fn take(self) -> Result<usize> {
        self.made.set(self.made.get() + 1);
        let item = self.made.get();
        self.queue.put(item).await?;
        Ok(item)
    }

    fn give(&self) -> Result<()> {
        self.got.borrow_mut().push(self.queue.get_nowait()?);
        Ok(())
    }

    async fn check(self, taken: Vec<usize>, _given: usize) -> Result<()> {
        let mut got = self.got.take();
        while let Ok(item) = self.queue.get_nowait() {
            got.push(item);
        }
        let put: Vec<usize> = std::iter::once(0).chain(taken).collect();
        assert_eq!(got, put);
        self.queue.put(7).await?;
        assert_eq!(self.queue.get().await?, 7);
        Ok(())
    }
}

#[test]
fn an_item_is_put_in_or_it_is_not_and_the_room_is_for_the_next() {
    try_all::<Put>(ALONE_AND_WITH_A_RIVAL);
}

#[derive(Clone)]
struct Locked {
    lock: Lock,
    held: Held<LockGuard>,
}

impl Leaf for Locked {
    type Taken = Held<LockGuard>;

    async fn make() -> Result<Self> {
        let lock = Lock::new();
        let held = Held::new(lock.acquire().await?);
        Ok(Locked { lock, held })
    }

    async fn take(self) -> Result<Self::Taken> {
        Ok(Held::new(self.lock.acquire().await?))
    }

    fn give(&self) -> Result<()> {
        self.held.let_go();
        Ok(())
    }

    fn give_next(&self, taken: &Self::Taken) -> Result<()> {
        taken.let_go();
        Ok(())
    }

    async fn check(self, taken: Vec<Self::Taken>, given: usize) -> Result<()> {
        assert_eq!(self.lock.is_locked(), taken.len() == given);
        taken.last().inspect(|guard| guard.let_go());
        assert!(!self.lock.is_locked());
        drop(self.lock.acquire().await?);
        Ok(())
    }
}

#[test]
fn a_lock_is_held_or_free_for_the_next() {
    try_all::<Locked>(ALONE_AND_WITH_A_RIVAL);
}

/// Takes from a semaphore of so many permits, all of which are given at once.
#[derive(Clone)]
struct Permits<const COUNT: usize> {
    semaphore: Semaphore,
    held: Held<Vec<Permit>>,
}

impl<const COUNT: usize> Leaf for Permits<COUNT> {
    type Taken = Held<Permit>;

    async fn make() -> Result<Self> {
        let semaphore = Semaphore::bounded(COUNT);
        let mut permits = Vec::new();
        for _ in 0..COUNT {
            permits.push(semaphore.acquire().await?);
        }
        let held = Held::new(permits);
        Ok(Permits { semaphore, held })
    }

    async fn take(self) -> Result<Self::Taken> {
        Ok(Held::new(self.semaphore.acquire().await?))
    }

    fn give(&self) -> Result<()> {
        self.held.let_go();
        Ok(())
    }

    fn give_next(&self, taken: &Self::Taken) -> Result<()> {
        taken.let_go();
        Ok(())
    }

    async fn check(self, taken: Vec<Self::Taken>, _given: usize) -> Result<()> {
        taken.last().inspect(|permit| permit.let_go());
        assert_eq!(self.semaphore.available(), COUNT);
        assert!(!self.semaphore.is_locked());
        let mut permits = Vec::new();
        for _ in 0..COUNT {
            permits.push(self.semaphore.acquire().await?);
        }
        assert_eq!(self.semaphore.available(), 0);
        drop(permits);
        assert_eq!(self.semaphore.available(), COUNT);
        Ok(())
    }
}

#[test]
fn a_permit_is_held_or_free_for_the_next() {
    try_all::<Permits<1>>(ALONE_AND_WITH_A_RIVAL);
    try_all::<Permits<2>>(ALONE_AND_WITH_A_RIVAL);
}

/// Waits for a notification, whose sender holds the lock for `HOLDS` passes more.
#[derive(Clone)]
struct Notified<const HOLDS: usize> {
    lock: Lock,
    condition: Condition,
}

impl<const HOLDS: usize> Leaf for Notified<HOLDS> {
    type Taken = ();

    async fn make() -> Result<Self> {
        let lock = Lock::new();
        let condition = Condition::new(&lock);
        Ok(Notified { lock, condition })
    }

    async fn take(self) -> Result<()> {
        let guard = self.lock.acquire().await?;
        let (_guard, waited) = self.condition.wait(guard).await;
        Ok(waited?)
    }

    fn give(&self) -> Result<()> {
        let Notified { lock, condition } = self.clone();
        create_task(async move {
            let guard = lock.acquire().await?;
            condition.notify(&guard, 1);
            for _ in 0..HOLDS {
                yield_now().await?;
            }
            Ok(())
        });
        Ok(())
    }

    async fn check(self, _taken: Vec<()>, _given: usize) -> Result<()> {
        assert!(!self.lock.is_locked());
        drop(self.lock.acquire().await?);
        Ok(())
    }
}

#[test]
fn as_many_as_are_notified_go_on() {
    // With a rival, the sum is checked by awaiting it: a notification that got lost leaves it waiting.
    try_all::<Notified<0>>(ALONE_AND_WITH_A_RIVAL);
    try_all::<Notified<3>>(ALONE_AND_WITH_A_RIVAL);
}

/// Waits for the other one at a barrier for two.
#[derive(Clone)]
struct Met {
    barrier: Barrier,
    others: Rc<RefCell<Vec<Task<usize>>>>,
}

impl Met {
    fn come(&self) -> Task<usize> {
        let barrier = self.barrier.clone();
        create_task(async move { Ok(barrier.wait().await?) })
    }
}

impl Leaf for Met {
    type Taken = usize;

    async fn make() -> Result<Self> {
        Ok(Met {
            barrier: Barrier::new(2),
            others: Rc::default(),
        })
    }

    async fn take(self) -> Result<usize> {
        Ok(self.barrier.wait().await?)
    }

    fn give(&self) -> Result<()> {
        self.others.borrow_mut().push(self.come());
        Ok(())
    }

    async fn check(self, taken: Vec<usize>, _given: usize) -> Result<()> {
        let [other]: [Task<usize>; 1] = self.others.take().try_into().expect("one was given");
        assert!(other.is_done() || taken.is_empty());
        if !other.is_done() {
            // The first one has gone before; somebody else comes in its place.
            assert_eq!(self.come().await?, 1);
            assert_eq!(other.await?, 0);
        }
        let round = [self.come(), self.come()];
        let [first, second] = round;
        assert_eq!((first.await?, second.await?), (0, 1));
        Ok(())
    }
}

#[test]
fn a_barrier_is_ready_for_a_complete_new_round() {
    try_all::<Met>(ALONE);
}

/// Takes from a channel of another library, whose future knows nothing of a cancellation.
#[derive(Clone)]
struct Foreign {
    sender: UnboundedSender<usize>,
    receiver: Rc<RefCell<UnboundedReceiver<usize>>>,
}

impl Leaf for Foreign {
    type Taken = usize;

    async fn make() -> Result<Self> {
        let (sender, receiver) = unbounded_channel();
        Ok(Foreign {
            sender,
            receiver: Rc::new(RefCell::new(receiver)),
        })
    }

    async fn take(self) -> Result<usize> {
        let receive = poll_fn(|cx| self.receiver.borrow_mut().poll_recv(cx));
        let received = cancellable(receive).await?;
        received.ok_or_else(|| Error::msg("the channel is closed"))
    }

    fn give(&self) -> Result<()> {
        Ok(self.sender.send(1)?)
    }

    async fn check(self, taken: Vec<usize>, given: usize) -> Result<()> {
        let mut left = 0;
        while self.receiver.borrow_mut().try_recv().is_ok() {
            left += 1;
        }
        assert_eq!(taken.len() + left, given);
        Ok(())
    }
}

/// Those that go on in the task that has received.
const GOES_ON: &[Limit] = &[
    Limit::WaitForFuture,
    Limit::Timeout,
    Limit::BodyOfFailingGroup,
    Limit::Raced,
];

/// Those under which the task ends with what it has received, and a cancellation that has come too late for it.
const ENDS: &[Limit] = &[
    Limit::WaitForTask,
    Limit::WaitForPromiseOfTask,
    Limit::WaitThenCancel,
    Limit::TaskOfFailingGroup,
    Limit::Cancelled,
    Limit::TimeoutAndCancelled,
    Limit::WaitForTaskAndCancelled,
];

#[test]
fn an_item_of_a_foreign_channel_is_received_or_left_for_the_next() {
    try_under::<Foreign>(GOES_ON, ALONE);
}

#[test]
fn an_item_of_a_foreign_channel_is_delivered_although_the_task_was_cancelled_meanwhile() {
    try_under::<Foreign>(ENDS, ALONE);
}

/// Accepts a connection; so many come at a time.
#[derive(Clone)]
struct Accepted<const COUNT: usize> {
    listener: TcpListener,
    clients: Rc<RefCell<Vec<net::TcpStream>>>,
}

impl<const COUNT: usize> Leaf for Accepted<COUNT> {
    type Taken = TcpStream;
    const SOCKET: bool = true;

    async fn make() -> Result<Self> {
        Ok(Accepted {
            listener: TcpListener::bind(ANY_PORT).await?,
            clients: Rc::default(),
        })
    }

    async fn take(self) -> Result<TcpStream> {
        Ok(self.listener.accept().await?.0)
    }

    fn give(&self) -> Result<()> {
        for _ in 0..COUNT {
            let client = net::TcpStream::connect(self.listener.local_addr()?)?;
            self.clients.borrow_mut().push(client);
        }
        Ok(())
    }

    fn give_next(&self, _taken: &TcpStream) -> Result<()> {
        match COUNT {
            1 => self.give(),
            _ => Ok(()),
        }
    }

    async fn check(self, mut accepted: Vec<TcpStream>, _given: usize) -> Result<()> {
        while accepted.len() < self.clients.borrow().len() {
            accepted.push(self.listener.accept().await?.0);
        }
        let peers = accepted.iter().map(|stream| stream.peer_addr());
        let mut clients = self.clients.take();
        for client in &mut clients {
            client.write_all(UNREAD)?;
        }
        let clients = clients.iter().map(|stream| Ok(stream.local_addr()?));
        assert_eq!(
            peers.collect::<Result<Vec<_>>>()?,
            clients.collect::<Result<Vec<_>>>()?
        );
        Ok(())
    }
}

const ANY_PORT: &str = "127.0.0.1:0";
/// What nobody reads: so the connection ends with a reset, and its port is free again at once. There are thousands.
const UNREAD: &[u8] = b"?";

#[test]
fn a_connection_is_accepted_by_this_call_or_the_next() {
    try_all::<Accepted<1>>(ALONE_AND_WITH_A_RIVAL);
    try_all::<Accepted<2>>(ALONE_AND_WITH_A_RIVAL);
}

/// Makes the two ends of a connection, the loop's and another one.
async fn pair() -> Result<(TcpStream, net::TcpStream)> {
    let listener = net::TcpListener::bind(ANY_PORT)?;
    let stream = TcpStream::connect(listener.local_addr()?).await?;
    let (peer, _) = listener.accept()?;
    peer.set_nodelay(true)?;
    Ok((stream, peer))
}

/// Reads a byte of a socket; so many come at a time.
#[derive(Clone)]
struct ReadBare<const COUNT: usize> {
    stream: TcpStream,
    peer: Held<net::TcpStream>,
    given: Rc<Cell<u8>>,
}

fn send(peer: &Held<net::TcpStream>, data: &[u8]) -> Result<()> {
    let mut socket = peer.0.take().expect("it is closed at the end");
    socket.write_all(data)?;
    peer.0.set(Some(socket));
    Ok(())
}

impl<const COUNT: usize> Leaf for ReadBare<COUNT> {
    type Taken = u8;
    const SOCKET: bool = true;

    async fn make() -> Result<Self> {
        let (stream, peer) = pair().await?;
        Ok(ReadBare {
            stream,
            peer: Held::new(peer),
            given: Rc::default(),
        })
    }

    async fn take(self) -> Result<u8> {
        let mut buffer = [0];
        assert_eq!(self.stream.read(&mut buffer).await?, 1);
        Ok(buffer[0])
    }

    fn give(&self) -> Result<()> {
        let bytes: Vec<u8> = (self.given.get()..).take(COUNT).collect();
        self.given.set(self.given.get() + bytes.len() as u8);
        send(&self.peer, &bytes)
    }

    fn give_next(&self, _taken: &u8) -> Result<()> {
        match COUNT {
            1 => self.give(),
            _ => Ok(()),
        }
    }

    async fn check(self, mut all: Vec<u8>, _given: usize) -> Result<()> {
        while all.len() < usize::from(self.given.get()) {
            all.push(self.clone().take().await?);
        }
        assert_eq!(all, (0..self.given.get()).collect::<Vec<_>>());
        send(&self.peer, UNREAD)
    }
}

#[test]
fn a_byte_is_read_by_this_call_or_the_next() {
    try_all::<ReadBare<1>>(ALONE_AND_WITH_A_RIVAL);
    try_all::<ReadBare<2>>(ALONE_AND_WITH_A_RIVAL);
}

/// How a [`StreamReader`] reads.
trait Reading: Clone + 'static {
    /// What is there before.
    const HEAD: &'static str;
    /// What completes it.
    const TAIL: &'static str;
    async fn read(reader: &StreamReader) -> Result<Vec<u8>>;
}

#[derive(Clone)]
struct Some5;

impl Reading for Some5 {
    const HEAD: &'static str = "";
    const TAIL: &'static str = "line\n";
    async fn read(reader: &StreamReader) -> Result<Vec<u8>> {
        reader.read(5).await
    }
}

#[derive(Clone)]
struct Line;

impl Reading for Line {
    const HEAD: &'static str = "li";
    const TAIL: &'static str = "ne\n";
    async fn read(reader: &StreamReader) -> Result<Vec<u8>> {
        reader.read_line().await
    }
}

#[derive(Clone)]
struct Exactly5;

impl Reading for Exactly5 {
    const HEAD: &'static str = "li";
    const TAIL: &'static str = "ne\n";
    async fn read(reader: &StreamReader) -> Result<Vec<u8>> {
        reader.read_exactly(5).await
    }
}

#[derive(Clone)]
struct ReadStream<R> {
    reader: StreamReader,
    /// Keeps the connection open.
    _writer: StreamWriter,
    peer: Held<net::TcpStream>,
    how: PhantomData<R>,
}

impl<R: Reading> Leaf for ReadStream<R> {
    type Taken = Vec<u8>;
    const SOCKET: bool = true;

    async fn make() -> Result<Self> {
        let (stream, peer) = pair().await?;
        let (reader, _writer) = stream.split();
        let peer = Held::new(peer);
        send(&peer, R::HEAD.as_bytes())?;
        Ok(ReadStream {
            reader,
            _writer,
            peer,
            how: PhantomData,
        })
    }

    async fn take(self) -> Result<Vec<u8>> {
        R::read(&self.reader).await
    }

    fn give(&self) -> Result<()> {
        // The beginning of the next one comes along.
        send(&self.peer, format!("{}{}", R::TAIL, R::HEAD).as_bytes())
    }

    async fn check(self, taken: Vec<Vec<u8>>, given: usize) -> Result<()> {
        assert!(taken.iter().all(|line| line == b"line\n"));
        for _ in taken.len()..given {
            assert_eq!(R::read(&self.reader).await?, b"line\n");
        }
        let rest = self.reader.read_exactly(R::HEAD.len()).await?;
        assert_eq!(rest, R::HEAD.as_bytes());
        send(&self.peer, UNREAD)
    }
}

#[test]
fn what_a_stream_has_is_read_by_this_call_or_the_next() {
    try_all::<ReadStream<Some5>>(ALONE_AND_WITH_A_RIVAL);
}

#[test]
fn a_line_that_came_in_two_parts_is_read_whole_by_this_call_or_the_next() {
    try_all::<ReadStream<Line>>(ALONE_AND_WITH_A_RIVAL);
}

#[test]
fn so_many_bytes_that_came_in_two_parts_are_read_whole_by_this_call_or_the_next() {
    try_all::<ReadStream<Exactly5>>(ALONE_AND_WITH_A_RIVAL);
}

/// The bytes that fill the buffers, those that are written under the limit, and the one that comes after them.
const FILLING: u8 = 1;
const LIMITED: u8 = 2;
const LAST: u8 = 3;
const CHUNK: usize = 64 * 1024;

/// The other end of a connection, which reads when it is told to.
#[derive(Clone)]
struct SlowPeer {
    socket: Rc<net::TcpStream>,
    /// How many bytes of each kind have come.
    counts: Rc<Cell<[usize; 3]>>,
}

impl SlowPeer {
    fn new(socket: net::TcpStream) -> Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(SlowPeer {
            socket: Rc::new(socket),
            counts: Rc::default(),
        })
    }

    /// Reads what is there; false at the end. Nothing may come out of order.
    fn read(&self) -> Result<bool> {
        let mut buffer = [0; CHUNK];
        loop {
            let read = match (&*self.socket).read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => &buffer[..count],
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error.into()),
            };
            let mut counts = self.counts.get();
            let mut rest = read;
            for (n, kind) in [FILLING, LIMITED, LAST].into_iter().enumerate() {
                let (these, others) = rest.split_at(rest.partition_point(|byte| *byte <= kind));
                assert!(these == &[kind; CHUNK][..these.len()], "out of order");
                assert!(these.is_empty() || counts[n + 1..] == [0; 3][n + 1..]);
                counts[n] += these.len();
                rest = others;
            }
            self.counts.set(counts);
        }
    }

    /// Reads to the end, and gives how many bytes of each kind have come.
    async fn read_to_end(&self) -> Result<[usize; 3]> {
        while self.read()? {
            sleep(NANOSECOND).await?;
        }
        Ok(self.counts.get())
    }
}

/// Writes to a socket whose other end has not read.
#[derive(Clone)]
struct WriteBare {
    stream: TcpStream,
    peer: SlowPeer,
    filled: usize,
}

impl Leaf for WriteBare {
    type Taken = ();

    async fn make() -> Result<Self> {
        let (stream, peer) = pair().await?;
        let mut filled = 0;
        let filling = [FILLING; CHUNK];
        while timeout(NANOSECOND, stream.write_all(&filling))
            .await
            .is_ok()
        {
            filled += CHUNK;
        }
        let peer = SlowPeer::new(peer)?;
        Ok(WriteBare {
            stream,
            peer,
            filled,
        })
    }

    async fn take(self) -> Result<()> {
        self.stream.write_all(&[LIMITED; CHUNK]).await
    }

    fn give(&self) -> Result<()> {
        self.peer.read().map(drop)
    }

    async fn check(self, taken: Vec<()>, _given: usize) -> Result<()> {
        self.stream.write_all(&[LAST]).await?;
        self.stream.shutdown(net::Shutdown::Write)?;
        let [filling, limited, last] = self.peer.read_to_end().await?;
        assert!((self.filled..self.filled + CHUNK).contains(&filling));
        assert!(limited == CHUNK || (taken.is_empty() && limited < CHUNK));
        assert_eq!(last, 1);
        Ok(())
    }
}

#[test]
fn what_was_written_arrives_whole_and_a_write_that_was_given_up_leaves_a_beginning() {
    try_all::<WriteBare>(ALONE);
}

/// Writes to a stream whose other end has not read, and waits until it may go on.
#[derive(Clone)]
struct WriteStream {
    reader: StreamReader,
    writer: StreamWriter,
    peer: SlowPeer,
    filled: usize,
}

impl Leaf for WriteStream {
    type Taken = ();

    async fn make() -> Result<Self> {
        let (stream, peer) = pair().await?;
        let (reader, writer) = stream.split();
        let mut filled = 0;
        loop {
            writer.write(&[FILLING; CHUNK]);
            filled += CHUNK;
            if timeout(NANOSECOND, writer.drain()).await.is_err() {
                break;
            }
        }
        let peer = SlowPeer::new(peer)?;
        Ok(WriteStream {
            reader,
            writer,
            peer,
            filled,
        })
    }

    async fn take(self) -> Result<()> {
        self.writer.write(&[LIMITED; CHUNK]);
        self.writer.drain().await
    }

    fn give(&self) -> Result<()> {
        self.peer.read().map(drop)
    }

    async fn check(self, _taken: Vec<()>, _given: usize) -> Result<()> {
        self.writer.write(&[LAST]);
        self.writer.close();
        assert_eq!(self.peer.read_to_end().await?, [self.filled, 2 * CHUNK, 1]);
        self.writer.wait_closed().await?;
        assert!(self.reader.read(1).await?.is_empty());
        Ok(())
    }
}

#[test]
fn what_a_stream_was_given_arrives_although_the_drain_was_given_up() {
    try_all::<WriteStream>(WITH_A_RIVAL);
}
