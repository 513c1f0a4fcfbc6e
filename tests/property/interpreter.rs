//! Runs a program on the library. Its twin is `interpreter.py`; every line that one says, the other says.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{
    Barrier, Error, ErrorGroup, Event, EventLoop, Lock, Promise, Queue, Result, ReturnWhen,
    RunError, Semaphore, Task, TimedOut, create_task, gather, gather_return_exceptions,
    get_running_loop, shield, sleep, task_group, timeout, wait, wait_for,
};

use crate::program::{BARRIERS, Body, EVENTS, LOCKS, Op, PROMISES, QUEUES, SEMAPHORES};

/// What a run said, and what became of the items.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub lines: Vec<String>,
    /// The items that were put, in the order in which they were.
    pub put: Vec<u32>,
    /// The items that were taken out, and those that were left at the end.
    pub got: Vec<u32>,
}

/// The tasks of a program, and all that they share.
struct World {
    event_loop: EventLoop,
    record: RefCell<Record>,
    tasks: RefCell<Vec<Task<usize>>>,
    queues: Vec<Queue<u32>>,
    locks: Vec<Lock>,
    semaphores: Vec<Semaphore>,
    events: Vec<Event>,
    barriers: Vec<Barrier>,
    promises: Vec<Promise<u32>>,
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

/// Runs a program until nothing is left that could go on.
///
/// # Panics
/// If the loop keeps anything alive after it was closed.
pub fn run(main: &Body) -> Record {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| {});
    let world = Rc::new(World {
        event_loop: event_loop.clone(),
        record: RefCell::default(),
        tasks: RefCell::default(),
        queues: QUEUES.map(Queue::bounded).into(),
        locks: (0..LOCKS).map(|_| Lock::new()).collect(),
        semaphores: SEMAPHORES.map(Semaphore::new).into(),
        events: (0..EVENTS).map(|_| Event::new()).collect(),
        barriers: BARRIERS.map(Barrier::new).into(),
        promises: (0..PROMISES).map(|_| event_loop.create_promise()).collect(),
    });
    let body = World::body_of_task(&world, MAIN, main.clone());
    world.tasks.borrow_mut().push(event_loop.create_task(body));
    assert_eq!(event_loop.run_forever(), Err(RunError::Stalled));
    world.say_how_it_ended();
    event_loop.close().expect("the loop has stopped");
    let world = Rc::into_inner(world).expect("a closed loop has dropped all that tasks captured");
    world.record.into_inner()
}

fn us(microseconds: u32) -> Duration {
    Duration::from_micros(microseconds.into())
}

/// Names an outcome.
fn outcome<T: fmt::Display>(result: &Result<T>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(error) => kind(error),
    }
}

/// Names an error, as the twin names its exceptions.
fn kind(error: &Error) -> String {
    if error.is_cancelled() {
        "cancelled".to_owned()
    } else if error.is::<TimedOut>() {
        "timeout".to_owned()
    } else if let Some(group) = error.downcast_ref::<ErrorGroup>() {
        let inner: Vec<_> = group.errors().iter().map(kind).collect();
        format!("group({})", inner.join(", "))
    } else {
        error.to_string()
    }
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
            let state = if task.is_done() {
                outcome(&task.result())
            } else {
                "pending".to_owned()
            };
            self.say("end", format!("T{number} {state}"));
        }
        for (number, queue) in self.queues.iter().enumerate() {
            let mut left = Vec::new();
            while let Ok(item) = queue.get_nowait() {
                left.push(item);
            }
            self.say("end", format!("queue {number} {left:?}"));
            self.record.borrow_mut().got.extend(left);
        }
    }

    /// Finds a task made after task `me`, if there is one.
    fn later(&self, me: usize, pick: usize) -> Option<(usize, Task<usize>)> {
        let tasks = self.tasks.borrow();
        let later = tasks.len() - me - 1;
        (later > 0).then(|| {
            let number = me + 1 + pick % later;
            (number, tasks[number].clone())
        })
    }

    fn later_ones(&self, me: usize, picks: &[usize]) -> Vec<Task<usize>> {
        picks
            .iter()
            .filter_map(|pick| self.later(me, *pick))
            .map(|(_, task)| task)
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
            world.say(&format!("T{me}"), format!("ends: {}", outcome(&result)));
            result
        }
    }

    fn spawn(world: &Rc<World>, body: &Body) -> usize {
        let number = world.tasks.borrow().len();
        let task = create_task(World::body_of_task(world, number, body.clone()));
        world.tasks.borrow_mut().push(task);
        number
    }

    /// Does a step that neither suspends nor fails; false if it is none of those.
    fn quick(&self, who: &str, op: &Op) -> bool {
        match op {
            Op::PutNowait(queue, item) => {
                let put = self.queues[*queue].put_nowait(*item).is_ok();
                if put {
                    self.record.borrow_mut().put.push(*item);
                }
                self.say(who, format!("put_nowait {item} {put}"));
            }
            Op::GetNowait(queue) => match self.queues[*queue].get_nowait() {
                Ok(item) => {
                    self.record.borrow_mut().got.push(item);
                    self.say(who, format!("get_nowait {item}"));
                }
                Err(_) => self.say(who, "get_nowait empty"),
            },
            Op::TaskDone(queue) => {
                let done = self.queues[*queue].task_done().is_ok();
                self.say(who, format!("task_done {done}"));
            }
            Op::Cancel(pick) => {
                let tasks = self.tasks.borrow().clone();
                let number = pick % tasks.len();
                let accepted = tasks[number].cancel();
                self.say(who, format!("cancel T{number} {accepted}"));
            }
            Op::Release(number) => {
                let released = self.semaphores[*number].release();
                released.expect("these semaphores have no bound");
                self.say(who, format!("release {number}"));
            }
            Op::SetEvent(event) => {
                self.events[*event].set();
                self.say(who, format!("set_event {event}"));
            }
            Op::ClearEvent(event) => {
                self.events[*event].clear();
                self.say(who, format!("clear_event {event}"));
            }
            Op::SetPromise(promise, value) => {
                let set = self.promises[*promise].set_result(*value).is_ok();
                self.say(who, format!("set_promise {promise} {value} {set}"));
            }
            Op::CancelPromise(promise) => {
                let accepted = self.promises[*promise].cancel();
                self.say(who, format!("cancel_promise {promise} {accepted}"));
            }
            _ => return false,
        }
        true
    }

    /// Makes a callback of steps that neither suspend nor fail.
    fn callback(world: &Rc<World>, name: &'static str, body: &Body) -> impl FnOnce() + 'static {
        let (world, body) = (world.clone(), body.clone());
        move || {
            for op in body.iter() {
                assert!(world.quick(name, op), "a callback cannot do {op}");
            }
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
    if world.quick(who, op) {
        return Ok(());
    }
    let inner = |body: &Body| run_body(world.clone(), me, body.clone());
    match op {
        Op::Sleep(duration) => {
            sleep(us(*duration)).await?;
            world.say(who, "slept");
        }
        Op::Put(queue, item) => {
            world.queues[*queue].put(*item).await?;
            world.record.borrow_mut().put.push(*item);
            world.say(who, format!("put {item}"));
        }
        Op::Get(queue) => {
            let item = world.queues[*queue].get().await?;
            world.record.borrow_mut().got.push(item);
            world.say(who, format!("get {item}"));
        }
        Op::Join(queue) => {
            world.queues[*queue].join().await?;
            world.say(who, "joined");
        }
        Op::Spawn(body) => {
            let number = World::spawn(world, body);
            world.say(who, format!("spawn T{number}"));
        }
        Op::Await(pick) => {
            if let Some((_, task)) = world.later(me, *pick) {
                world.say(who, format!("awaited {}", task.await?));
            }
        }
        Op::Gather(picks, false) => {
            let values = gather(world.later_ones(me, picks)).await?;
            world.say(who, format!("gathered {}", list(values)));
        }
        Op::Gather(picks, true) => {
            let outcomes = gather_return_exceptions(world.later_ones(me, picks)).await?;
            let outcomes = list(outcomes.iter().map(outcome));
            world.say(who, format!("gathered {outcomes}"));
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
        Op::WaitFor(pick, limit) => {
            if let Some((_, task)) = world.later(me, *pick) {
                let value = wait_for(task, us(*limit)).await?;
                world.say(who, format!("waited for {value}"));
            }
        }
        Op::Timeout(limit, body) => {
            timeout(us(*limit), inner(body)).await?;
            world.say(who, "in time");
        }
        Op::Shield(pick) => {
            if let Some((_, task)) = world.later(me, *pick) {
                world.say(who, format!("shielded {}", shield(task).await?));
            }
        }
        Op::Group(children, body) => {
            task_group(async |group| {
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
            let value = (&world.promises[*promise]).await?;
            world.say(who, format!("promise {promise} {value}"));
        }
        Op::ShieldPromise(promise) => {
            let value = shield(&world.promises[*promise]).await?;
            world.say(who, format!("shielded promise {promise} {value}"));
        }
        Op::Soon(body) => {
            get_running_loop()?.call_soon(World::callback(world, "soon", body));
        }
        Op::Later(delay, body) => {
            get_running_loop()?.call_later(us(*delay), World::callback(world, "later", body));
        }
        Op::OnDone(pick, body) => {
            let tasks = world.tasks.borrow().clone();
            let callback = World::callback(world, "done", body);
            tasks[pick % tasks.len()].add_done_callback(move |_| callback());
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
