//! Runs a program on the library. Its twin is `interpreter.py`; every line that one says, the other says.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{
    Awaitable, Barrier, CallbackId, Cancelled, Condition, Error, ErrorContext, ErrorGroup, Event,
    EventLoop, GetError, GroupClosed, Handle, LifoQueue, Lock, PriorityQueue, Promise, PutError,
    Queue, QueueShutDown, Result, ReturnWhen, RunError, Semaphore, Task, TaskGroup, TimedOut,
    Timeout, TimerHandle, as_completed, create_task, gather, gather_return_exceptions, shield,
    sleep, task_group, wait, wait_for,
};

use crate::program::{BARRIERS, Body, EVENTS, LOCKS, Op, PROMISES, Program, QUEUES, SEMAPHORES};

/// What a run said, and what became of the items.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub lines: Vec<String>,
    /// The items that were put, in the order in which they were.
    pub put: Vec<u32>,
    /// The items that were taken out, and those that were left at the end.
    pub got: Vec<u32>,
    /// How many were dropped when their queue was shut down at once.
    pub dropped: usize,
}

/// A queue of any kind.
enum AnyQueue {
    Fifo(Queue<u32>),
    Lifo(LifoQueue<u32>),
    Smallest(PriorityQueue<u32>),
}

/// Does the same with a queue of any kind.
macro_rules! with {
    ($any:expr, $queue:ident => $what:expr) => {
        match $any {
            AnyQueue::Fifo($queue) => $what,
            AnyQueue::Lifo($queue) => $what,
            AnyQueue::Smallest($queue) => $what,
        }
    };
}

impl AnyQueue {
    fn new([kind, maxsize]: [usize; 2]) -> Self {
        match kind {
            0 => AnyQueue::Fifo(Queue::bounded(maxsize)),
            1 => AnyQueue::Lifo(LifoQueue::bounded(maxsize)),
            _ => AnyQueue::Smallest(PriorityQueue::bounded(maxsize)),
        }
    }
}

/// A kept gather, whatever it gives.
trait Kept {
    fn cancel(&self) -> bool;
    /// Gives whether it counts as cancelled, and its outcome if it has one.
    fn ask(&self) -> (bool, Option<String>);
    fn wait(&self) -> Pin<Box<dyn Future<Output = Result<String>>>>;
}

impl<T: Show + Clone> Kept for Promise<T> {
    fn cancel(&self) -> bool {
        Promise::cancel(self)
    }

    fn ask(&self) -> (bool, Option<String>) {
        let outcome = self.is_done().then(|| end(self));
        (self.is_cancelled(), outcome)
    }

    fn wait(&self) -> Pin<Box<dyn Future<Output = Result<String>>>> {
        let promise = self.clone();
        Box::pin(async move { Ok(promise.await?.show()) })
    }
}

/// What can be cancelled of a callback.
enum AnyHandle {
    Soon(Handle),
    Later(TimerHandle),
}

/// The tasks of a program, and all that they share.
struct World {
    event_loop: EventLoop,
    record: RefCell<Record>,
    /// The tasks that somebody has awaited, if each may be awaited once at most.
    awaited: Option<RefCell<HashSet<usize>>>,
    tasks: RefCell<Vec<Task<usize>>>,
    queues: Vec<AnyQueue>,
    locks: Vec<Lock>,
    conditions: Vec<Condition>,
    /// How often each condition was notified.
    notified: RefCell<Vec<u32>>,
    semaphores: Vec<Semaphore>,
    events: Vec<Event>,
    barriers: Vec<Barrier>,
    promises: RefCell<Vec<Promise<u32>>>,
    kept: RefCell<KeptThings>,
}

/// What a program makes on its way and comes back to.
#[derive(Default)]
struct KeptThings {
    /// Each with the number of its oldest task.
    gathers: Vec<(usize, Rc<dyn Kept>)>,
    /// Those of them that give the values of tasks.
    gathers_of_values: Vec<(usize, Promise<Vec<usize>>)>,
    groups: Vec<TaskGroup>,
    /// Those whose blocks run, each with a number of its own.
    limits: Vec<(u32, Timeout)>,
    limits_made: u32,
    handles: Vec<AnyHandle>,
    callbacks: Vec<(Task<usize>, CallbackId)>,
}

/// The number of the main task.
const MAIN: usize = 0;

#[derive(Debug)]
struct Failed(u32);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fail {}", self.0)
    }
}

impl std::error::Error for Failed {}

/// Runs a program until nothing is left that could go on, or to its end.
///
/// # Panics
/// If the loop keeps anything alive after it was closed.
pub fn run(program: &Program) -> Record {
    let event_loop = EventLoop::with_virtual_clock();
    let locks: Vec<_> = (0..LOCKS).map(|_| Lock::new()).collect();
    let world = Rc::new(World {
        event_loop: event_loop.clone(),
        record: RefCell::default(),
        awaited: program.each_once.then(RefCell::default),
        tasks: RefCell::default(),
        queues: QUEUES.map(AnyQueue::new).into(),
        conditions: locks.iter().map(Condition::new).collect(),
        locks,
        notified: RefCell::new(vec![0; LOCKS]),
        semaphores: SEMAPHORES.map(Semaphore::new).into(),
        events: (0..EVENTS).map(|_| Event::new()).collect(),
        barriers: BARRIERS.map(Barrier::new).into(),
        promises: RefCell::new((0..PROMISES).map(|_| event_loop.create_promise()).collect()),
        kept: RefCell::default(),
    });
    // Weak, for the loop keeps its handler and the world the loop.
    let told = Rc::downgrade(&world);
    event_loop.set_exception_handler(move |context| {
        if let Some(world) = told.upgrade() {
            world.report(context);
        }
    });
    if program.to_its_end {
        World::run_to_its_end(&world, &program.main);
    } else {
        World::run_until_stalled(&world, &program.main);
    }
    world.say_how_it_ended();
    event_loop.close().expect("the loop has stopped");
    // Handles keep their callbacks, which keep the world.
    world.kept.take();
    let world = Rc::into_inner(world).expect("a closed loop has dropped all that tasks captured");
    world.record.into_inner()
}

fn us(microseconds: u32) -> Duration {
    Duration::from_micros(microseconds.into())
}

/// Shows a value, or what came instead of it.
trait Show: 'static {
    fn show(&self) -> String;
}

impl Show for usize {
    fn show(&self) -> String {
        self.to_string()
    }
}

impl<T: Show> Show for Vec<T> {
    fn show(&self) -> String {
        list(self.iter().map(Show::show))
    }
}

impl<T: Show> Show for Result<T> {
    fn show(&self) -> String {
        match self {
            Ok(value) => value.show(),
            Err(error) => kind(error),
        }
    }
}

/// Shows what a promise that is done has ended with, but not why it was cancelled.
fn end<T: Show + Clone>(promise: &Promise<T>) -> String {
    match promise.is_cancelled() {
        true => "cancelled".to_owned(),
        false => promise.result().show(),
    }
}

/// Names an error, as the twin names its exceptions.
fn kind(error: &Error) -> String {
    if let Some(cancelled) = error.downcast_ref::<Cancelled>() {
        match cancelled.message() {
            Some(message) => format!("cancelled {message}"),
            None => "cancelled".to_owned(),
        }
    } else if error.is::<QueueShutDown>() {
        "shut down".to_owned()
    } else if let Some(error) = error.downcast_ref::<RunError>() {
        match error {
            RunError::Stalled => "stalled".to_owned(),
            RunError::StoppedBeforeDone => "stopped".to_owned(),
            _ => error.to_string(),
        }
    } else if error.is::<TimedOut>() {
        "timeout".to_owned()
    } else if let Some(group) = error.downcast_ref::<ErrorGroup>() {
        let inner: Vec<_> = group.errors().iter().map(kind).collect();
        format!("group({})", inner.join(", "))
    } else {
        error.to_string()
    }
}

/// Picks one of what there is, if there is anything, and gives its number, too.
fn picked<T>(items: &[T], pick: usize) -> Option<(usize, &T)> {
    let number = pick.checked_rem(items.len())?;
    Some((number, &items[number]))
}

fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    format!("[{}]", items.join(", "))
}

impl World {
    fn say(&self, who: &str, what: impl fmt::Display) {
        let now = self.event_loop.time().as_micros();
        let mut record = self.record.borrow_mut();
        record.lines.push(format!("{now} {who} {what}"));
    }

    fn say_how_it_ended(&self) {
        for (number, task) in self.tasks.borrow().iter().enumerate() {
            let state = match task.is_done() {
                true => end(task),
                false => "pending".to_owned(),
            };
            self.say("end", format!("T{number} {state}"));
        }
        for (number, queue) in self.queues.iter().enumerate() {
            let mut left = Vec::new();
            while let Ok(item) = with!(queue, queue => queue.get_nowait()) {
                left.push(item);
            }
            self.say("end", format!("queue {number} {left:?}"));
            self.record.borrow_mut().got.extend(left);
        }
    }

    fn report(&self, context: &ErrorContext) {
        let what = match &*context.message {
            "Exception in callback" => "callback failed",
            "Exception in shielded promise" => "shielded failed",
            "unhandled exception during the shutdown of the loop" => "failed at the end",
            _ => return,
        };
        let error = context.error.as_ref().map(kind);
        self.say("loop", format!("{what}: {}", error.unwrap_or_default()));
    }

    fn run_until_stalled(world: &Rc<World>, body: &Body) {
        let main = World::body_of_task(world, MAIN, body.clone());
        let main = world.event_loop.create_task(main);
        world.tasks.borrow_mut().push(main);
        loop {
            match world.event_loop.run_forever() {
                Ok(()) => world.say("loop", "stopped"),
                Err(error) => return assert_eq!(error, RunError::Stalled),
            }
        }
    }

    fn run_to_its_end(world: &Rc<World>, body: &Body) {
        let main_task = World::main_task(world.clone(), body.clone());
        let result = world.event_loop.run(main_task);
        world.say("end", format!("run {}", result.show()));
    }

    async fn main_task(world: Rc<World>, body: Body) -> Result<usize> {
        let main = create_task(World::body_of_task(&world, MAIN, body));
        world.tasks.borrow_mut().push(main.clone());
        main.await
    }

    /// Finds a task made after task `me`, if there is one.
    fn later(&self, me: usize, pick: usize) -> Option<Task<usize>> {
        let tasks = self.tasks.borrow();
        let number = me + 1 + pick.checked_rem(tasks.len() - me - 1)?;
        let awaited = self.awaited.as_ref();
        let first = awaited.is_none_or(|awaited| awaited.borrow_mut().insert(number));
        first.then(|| tasks[number].clone())
    }

    fn later_ones(&self, me: usize, picks: &[usize]) -> Vec<Task<usize>> {
        picks
            .iter()
            .filter_map(|pick| self.later(me, *pick))
            .collect()
    }

    fn number_of(&self, task: &Task<usize>) -> usize {
        let tasks = self.tasks.borrow();
        let number = tasks.iter().position(|other| other == task);
        number.expect("every task is in the list")
    }

    fn body_of_task(
        world: &Rc<World>,
        me: usize,
        body: Body,
    ) -> impl Future<Output = Result<usize>> + use<> {
        let world = world.clone();
        async move {
            let result = run_body(world.clone(), me, body).await.map(|()| me);
            world.say(&format!("T{me}"), format!("ends: {}", result.show()));
            result
        }
    }

    /// Keeps a limit while its block runs, and gives it a number.
    fn keep_limit(&self, limit: &Timeout) -> u32 {
        let mut kept = self.kept.borrow_mut();
        kept.limits_made += 1;
        let number = kept.limits_made;
        kept.limits.push((number, limit.clone()));
        number
    }

    /// Makes what is no task yet: a body that runs for task `me`.
    fn part(
        world: &Rc<World>,
        me: usize,
        body: &Body,
    ) -> impl Future<Output = Result<usize>> + use<> {
        let running = run_body(world.clone(), me, body.clone());
        async move { running.await.map(|()| me) }
    }

    fn keep_gather<T: Show + Clone>(
        &self,
        me: usize,
        name: &str,
        oldest: usize,
        gather: Promise<T>,
    ) {
        let gathers = &mut self.kept.borrow_mut().gathers;
        self.say(&format!("T{me}"), format!("{name} G{}", gathers.len()));
        gathers.push((oldest, Rc::new(gather)));
    }

    fn spawn(world: &Rc<World>, body: &Body) -> usize {
        let number = world.tasks.borrow().len();
        let task = create_task(World::body_of_task(world, number, body.clone()));
        world.tasks.borrow_mut().push(task);
        number
    }

    /// Does a step that neither suspends nor fails; false if it is none of those.
    fn quick(world: &Rc<World>, who: &str, op: &Op) -> bool {
        match op {
            Op::PutNowait(queue, item) => {
                match with!(&world.queues[*queue], queue => queue.put_nowait(*item)) {
                    Ok(()) => {
                        world.record.borrow_mut().put.push(*item);
                        world.say(who, format!("put_nowait {item}"));
                    }
                    Err(PutError::Full(_)) => world.say(who, format!("put_nowait {item} full")),
                    Err(PutError::ShutDown(_)) => {
                        world.say(who, format!("put_nowait {item} shut down"));
                    }
                }
            }
            Op::GetNowait(queue) => match with!(&world.queues[*queue], queue => queue.get_nowait())
            {
                Ok(item) => {
                    world.record.borrow_mut().got.push(item);
                    world.say(who, format!("get_nowait {item}"));
                }
                Err(GetError::Empty) => world.say(who, "get_nowait empty"),
                Err(GetError::ShutDown) => world.say(who, "get_nowait shut down"),
            },
            Op::TaskDone(queue) => {
                let done = with!(&world.queues[*queue], queue => queue.task_done()).is_ok();
                world.say(who, format!("task_done {done}"));
            }
            Op::ShutDown(queue, immediate) => {
                let any = &world.queues[*queue];
                if *immediate {
                    world.record.borrow_mut().dropped += with!(any, queue => queue.qsize());
                }
                with!(any, queue => queue.shutdown(*immediate));
                world.say(who, format!("shut_down {queue}"));
            }
            Op::Cancel(pick) => {
                let tasks = world.tasks.borrow().clone();
                let number = pick % tasks.len();
                let accepted = tasks[number].cancel();
                world.say(who, format!("cancel T{number} {accepted}"));
            }
            Op::CancelSaying(pick, message) => {
                let tasks = world.tasks.borrow().clone();
                let number = pick % tasks.len();
                let accepted = tasks[number].cancel_with_message(format!("m{message}"));
                world.say(
                    who,
                    format!("cancel_saying T{number} m{message} {accepted}"),
                );
            }
            Op::Cancelling(pick) => {
                let tasks = world.tasks.borrow();
                let number = pick % tasks.len();
                world.say(
                    who,
                    format!("cancelling T{number} {}", tasks[number].cancelling()),
                );
            }
            Op::Uncancel(pick) => {
                let tasks = world.tasks.borrow();
                let number = pick % tasks.len();
                world.say(
                    who,
                    format!("uncancel T{number} {}", tasks[number].uncancel()),
                );
            }
            Op::CancelGather(pick) => {
                let gathers = world.kept.borrow().gathers.clone();
                if let Some((number, (_, gather))) = picked(&gathers, *pick) {
                    world.say(who, format!("cancel_gather G{number} {}", gather.cancel()));
                }
            }
            Op::AskGather(pick) => {
                if let Some((number, (_, gather))) = picked(&world.kept.borrow().gathers, *pick) {
                    let (cancelled, outcome) = gather.ask();
                    let state = outcome.unwrap_or("pending".to_owned());
                    world.say(who, format!("ask_gather G{number} {cancelled} {state}"));
                }
            }
            Op::Reschedule(pick, limit) => {
                if let Some((number, (_, timeout))) = picked(&world.kept.borrow().limits, *pick) {
                    let going_on = !timeout.is_expired();
                    timeout.reschedule(limit.map(|limit| world.event_loop.time() + us(limit)));
                    world.say(who, format!("reschedule {number} {going_on}"));
                }
            }
            Op::CancelHandle(pick) => {
                if let Some((number, handle)) = picked(&world.kept.borrow().handles, *pick) {
                    match handle {
                        AnyHandle::Soon(handle) => handle.cancel(),
                        AnyHandle::Later(handle) => handle.cancel(),
                    }
                    world.say(who, format!("cancel_handle {number}"));
                }
            }
            Op::RemoveCallback(pick) => {
                if let Some((number, (task, id))) = picked(&world.kept.borrow().callbacks, *pick) {
                    let removed = task.remove_done_callback(*id);
                    world.say(who, format!("remove_callback {number} {removed}"));
                }
            }
            Op::Spawn(body) => {
                let number = World::spawn(world, body);
                world.say(who, format!("spawn T{number}"));
            }
            Op::GroupTask(pick, body) => {
                let groups = world.kept.borrow().groups.clone();
                if let Some((_, group)) = picked(&groups, *pick) {
                    let number = world.tasks.borrow().len();
                    match group.create_task(World::body_of_task(world, number, body.clone())) {
                        Ok(task) => {
                            world.tasks.borrow_mut().push(task);
                            world.say(who, format!("group_task T{number}"));
                        }
                        Err(GroupClosed::Finished) => world.say(who, "group_task finished"),
                        Err(GroupClosed::ShuttingDown) => {
                            world.say(who, "group_task shutting down")
                        }
                    }
                }
            }
            Op::Soon(body) => {
                let handle = world
                    .event_loop
                    .call_soon(World::callback(world, "soon", body));
                world
                    .kept
                    .borrow_mut()
                    .handles
                    .push(AnyHandle::Soon(handle));
            }
            Op::Later(delay, body) => {
                let callback = World::callback(world, "later", body);
                let handle = world.event_loop.call_later(us(*delay), callback);
                world
                    .kept
                    .borrow_mut()
                    .handles
                    .push(AnyHandle::Later(handle));
            }
            Op::OnDone(pick, body) => {
                let tasks = world.tasks.borrow().clone();
                let task = tasks[pick % tasks.len()].clone();
                let callback = World::callback(world, "done", body);
                let id = task.add_done_callback(move |_| callback());
                world.kept.borrow_mut().callbacks.push((task, id));
            }
            Op::Stop => {
                world.event_loop.stop();
                world.say(who, "stop");
            }
            Op::Release(number) => {
                let released = world.semaphores[*number].release();
                released.expect("these semaphores have no bound");
                world.say(who, format!("release {number}"));
            }
            Op::SetEvent(event) => {
                world.events[*event].set();
                world.say(who, format!("set_event {event}"));
            }
            Op::ClearEvent(event) => {
                world.events[*event].clear();
                world.say(who, format!("clear_event {event}"));
            }
            Op::SetPromise(promise, value) => {
                let set = world.promise(*promise).set_result(*value).is_ok();
                world.say(who, format!("set_promise {promise} {value} {set}"));
            }
            Op::FailPromise(promise, number) => {
                let set = world
                    .promise(*promise)
                    .set_exception(Failed(*number))
                    .is_ok();
                world.say(who, format!("fail_promise {promise} {number} {set}"));
            }
            Op::NewPromise(promise) => {
                let new = world.event_loop.create_promise();
                let old = std::mem::replace(&mut world.promises.borrow_mut()[*promise], new);
                drop(old);
                world.say(who, format!("new_promise {promise}"));
            }
            Op::CancelPromise(promise, message) => {
                let promise_itself = world.promise(*promise);
                let accepted = match message {
                    Some(message) => promise_itself.cancel_with_message(format!("m{message}")),
                    None => promise_itself.cancel(),
                };
                world.say(who, format!("cancel_promise {promise} {accepted}"));
            }
            _ => return false,
        }
        true
    }

    fn promise(&self, number: usize) -> Promise<u32> {
        self.promises.borrow()[number].clone()
    }

    /// Makes a callback of steps that do not suspend; it may fail at its end.
    fn callback(
        world: &Rc<World>,
        name: &'static str,
        body: &Body,
    ) -> impl FnOnce() -> Result<()> + use<> {
        let (world, body) = (world.clone(), body.clone());
        move || {
            for op in body.iter() {
                if let Op::Fail(number) = op {
                    return Err(Failed(*number).into());
                }
                assert!(World::quick(&world, name, op), "a callback cannot do {op}");
            }
            Ok(())
        }
    }
}

/// Runs a body; boxed, for bodies contain bodies.
fn run_body(world: Rc<World>, me: usize, body: Body) -> Pin<Box<dyn Future<Output = Result<()>>>> {
    Box::pin(async move {
        for op in body.iter() {
            run_op(&world, me, op).await?;
        }
        Ok(())
    })
}

async fn run_op(world: &Rc<World>, me: usize, op: &Op) -> Result<()> {
    let who = &format!("T{me}");
    if World::quick(world, who, op) {
        return Ok(());
    }
    let inner = |body: &Body| run_body(world.clone(), me, body.clone());
    match op {
        Op::Sleep(duration) => {
            sleep(us(*duration)).await?;
            world.say(who, "slept");
        }
        Op::Put(queue, item) => {
            with!(&world.queues[*queue], queue => queue.put(*item).await)?;
            world.record.borrow_mut().put.push(*item);
            world.say(who, format!("put {item}"));
        }
        Op::Get(queue) => {
            let item = with!(&world.queues[*queue], queue => queue.get().await)?;
            world.record.borrow_mut().got.push(item);
            world.say(who, format!("get {item}"));
        }
        Op::Join(queue) => {
            with!(&world.queues[*queue], queue => queue.join().await)?;
            world.say(who, "joined");
        }
        Op::Await(pick) => {
            if let Some(task) = world.later(me, *pick) {
                world.say(who, format!("awaited {}", task.await?));
            }
        }
        Op::Gather(picks, false) => {
            let values = gather(world.later_ones(me, picks)).await?;
            world.say(who, format!("gathered {}", values.show()));
        }
        Op::Gather(picks, true) => {
            let outcomes = gather_return_exceptions(world.later_ones(me, picks)).await?;
            world.say(who, format!("gathered {}", outcomes.show()));
        }
        Op::KeepGather(picks, return_exceptions) => {
            let tasks = world.later_ones(me, picks);
            let oldest = tasks.iter().map(|task| world.number_of(task)).min();
            let oldest = oldest.unwrap_or(world.tasks.borrow().len());
            if *return_exceptions {
                let whole = gather_return_exceptions(tasks);
                world.keep_gather(me, "keep_gather", oldest, whole);
            } else {
                let whole = gather(tasks);
                world.keep_gather(me, "keep_gather", oldest, whole.clone());
                let kept = &mut world.kept.borrow_mut();
                kept.gathers_of_values.push((oldest, whole));
            }
        }
        Op::GatherGathers(picks, return_exceptions) => {
            let gathers = world.kept.borrow().gathers_of_values.clone();
            let found = picks.iter().filter_map(|pick| picked(&gathers, *pick));
            let found: Vec<_> = found.map(|(_, gather)| gather).collect();
            let oldest = found.iter().map(|(oldest, _)| *oldest).min();
            let oldest = oldest.unwrap_or(world.tasks.borrow().len());
            let gathers = found.iter().map(|(_, gather)| gather);
            if *return_exceptions {
                let whole = gather_return_exceptions(gathers);
                world.keep_gather(me, "gather_gathers", oldest, whole);
            } else {
                world.keep_gather(me, "gather_gathers", oldest, gather(gathers));
            }
        }
        Op::AwaitGather(pick) => {
            let mut later = world.kept.borrow().gathers.clone();
            later.retain(|(oldest, _)| *oldest > me);
            if let Some((_, (_, gather))) = picked(&later, *pick) {
                world.say(who, format!("awaited gather {}", gather.wait().await?));
            }
        }
        Op::Wait(picks, limit, when) => {
            let tasks = world.later_ones(me, picks);
            if tasks.is_empty() {
                return Ok(());
            }
            let when = [
                ReturnWhen::AllCompleted,
                ReturnWhen::FirstCompleted,
                ReturnWhen::FirstException,
            ][*when];
            let waited = wait(tasks, limit.map(us), when).await?;
            let numbers = |tasks: &[Task<usize>]| {
                let mut numbers: Vec<_> = tasks.iter().map(|t| world.number_of(t)).collect();
                numbers.sort_unstable();
                list(numbers)
            };
            let (done, pending) = (numbers(&waited.done), numbers(&waited.pending));
            world.say(who, format!("waited {done} {pending}"));
        }
        Op::AsCompleted(picks, body, limit) => {
            // What is done already completes in the order of a set, so there is one of that kind at most.
            let mut awaitables: Vec<Promise<usize>> = Vec::new();
            for task in world.later_ones(me, picks) {
                if !task.is_done() || !awaitables.iter().any(|other| other.is_done()) {
                    awaitables.push(task.promise());
                }
            }
            if let Some(body) = body {
                let part = World::part(world, me, body);
                awaitables.push(part.ensure_promise(&world.event_loop));
            }
            for next_completed in as_completed(awaitables, limit.map(us)) {
                let outcome = next_completed.await;
                if let Err(error) = &outcome
                    && error.is_cancelled()
                {
                    outcome?;
                } else {
                    world.say(who, format!("completed {}", outcome.show()));
                }
            }
            world.say(who, "all completed");
        }
        Op::WaitFor(pick, limit) => {
            if let Some(task) = world.later(me, *pick) {
                let value = wait_for(task, limit.map(us)).await?;
                world.say(who, format!("waited for {value}"));
            }
        }
        Op::WaitForBody(body, limit) => {
            let value = wait_for(World::part(world, me, body), limit.map(us)).await?;
            world.say(who, format!("waited for body {value}"));
        }
        Op::Timeout(limit, body) => {
            let timeout = Timeout::after(limit.map(us));
            let block = async {
                let number = world.keep_limit(&timeout);
                let result = inner(body).await;
                let limits = &mut world.kept.borrow_mut().limits;
                limits.retain(|(other, _)| *other != number);
                result
            };
            timeout.clone().run(block).await?;
            world.say(who, "in time");
        }
        Op::Shield(pick) => {
            if let Some(task) = world.later(me, *pick) {
                world.say(who, format!("shielded {}", shield(task).await?));
            }
        }
        Op::Group(children, body) => {
            task_group(async |group| {
                world.kept.borrow_mut().groups.push(group.clone());
                for child in children {
                    let number = world.tasks.borrow().len();
                    let body = World::body_of_task(world, number, child.clone());
                    let task = group.create_task(body)?;
                    world.tasks.borrow_mut().push(task);
                }
                inner(body).await
            })
            .await?;
            world.say(who, "grouped");
        }
        Op::WaitCondition(condition) => {
            let guard = world.locks[*condition].acquire().await?;
            world.say(who, format!("condition {condition}"));
            let (_guard, waited) = world.conditions[*condition].wait(guard).await;
            waited?;
            world.say(who, format!("notified {condition}"));
        }
        Op::WaitUntil(condition, count) => {
            let predicate = || {
                let notified = world.notified.borrow()[*condition];
                world.say(who, format!("predicate {condition} {notified}"));
                notified >= *count
            };
            let guard = world.locks[*condition].acquire().await?;
            let (_guard, waited) = world.conditions[*condition]
                .wait_for(guard, predicate)
                .await;
            waited?;
            world.say(who, format!("waited until {condition}"));
        }
        Op::Notify(condition, count, body) => {
            let guard = world.locks[*condition].acquire().await?;
            world.notified.borrow_mut()[*condition] += 1;
            match count {
                None => world.conditions[*condition].notify_all(&guard),
                Some(count) => world.conditions[*condition].notify(&guard, *count),
            }
            world.say(who, format!("notify {condition}"));
            inner(body).await?;
        }
        Op::Lock(lock, body) => {
            let _guard = world.locks[*lock].acquire().await?;
            world.say(who, format!("lock {lock}"));
            inner(body).await?;
        }
        Op::Semaphore(number, body) => {
            let _permit = world.semaphores[*number].acquire().await?;
            world.say(who, format!("semaphore {number}"));
            inner(body).await?;
        }
        Op::WaitEvent(event) => {
            world.events[*event].wait().await?;
            world.say(who, format!("event {event}"));
        }
        Op::Barrier(barrier) => {
            let index = world.barriers[*barrier].wait().await?;
            world.say(who, format!("barrier {barrier} {index}"));
        }
        Op::Promise(promise) => {
            let value = world.promise(*promise).await?;
            world.say(who, format!("promise {promise} {value}"));
        }
        Op::ShieldPromise(promise) => {
            let value = shield(world.promise(*promise)).await?;
            world.say(who, format!("shielded promise {promise} {value}"));
        }
        Op::Catch(body) => {
            let result = inner(body).await;
            if let Err(error) = result {
                world.say(who, format!("caught {}", kind(&error)));
            }
        }
        Op::Finally(body, last) => {
            let result = inner(body).await;
            world.say(who, "finally");
            inner(last).await?;
            result?;
        }
        Op::Fail(number) => return Err(Failed(*number).into()),
        _ => unreachable!("{op} is quick"),
    }
    Ok(())
}
