//! The programs: a small tree, made at random, and written down for the interpreter in Python.

use std::collections::HashSet;
use std::fmt::{self, Display};
use std::rc::Rc;

use fastrand::Rng;

/// What a task does, one after the other.
pub type Body = Rc<[Op]>;

/// A whole program.
#[derive(Debug)]
pub struct Program {
    /// True if it is run as `asyncio.run` does, which cancels what is left; else the loop runs until nothing is left that could go on.
    pub to_its_end: bool,
    /// True if each task is awaited once at most. Left out: CPython gives the message of a task's cancellation only to the first
    /// who asks, the library to all, as its rustdoc says.
    pub each_once: bool,
    pub main: Body,
}

/// One step of a task. Tasks, queues and so on are named by numbers; a task that need not exist is found by [`Op::Await`]'s rule.
#[derive(Debug)]
pub enum Op {
    /// Microseconds; zero is a mere yield. No two timers of a program have the same duration, so no two fall on one instant.
    Sleep(u32),
    Put(usize, u32),
    Get(usize),
    PutNowait(usize, u32),
    GetNowait(usize),
    TaskDone(usize),
    Join(usize),
    /// Shuts a queue down, at once or when it is empty.
    ShutDown(usize, bool),
    Spawn(Body),
    /// Cancels any task, the running one included.
    Cancel(usize),
    /// Cancels with a message, which has a number.
    CancelSaying(usize, u32),
    Cancelling(usize),
    Uncancel(usize),
    /// Awaits a task that was made after the awaiting one, so that no two ever await each other.
    Await(usize),
    Gather(Vec<usize>, bool),
    /// Gathers tasks, and keeps the promise for the four steps that follow here.
    KeepGather(Vec<usize>, bool),
    /// Gathers kept gathers of tasks, and keeps this one, too.
    GatherGathers(Vec<usize>, bool),
    /// Awaits a kept gather whose tasks were all made after the awaiting one.
    AwaitGather(usize),
    CancelGather(usize),
    AskGather(usize),
    Wait(Vec<usize>, Option<u32>, usize),
    /// Awaits tasks as they complete, and a body that is no task yet; more than one such would start in any order.
    AsCompleted(Vec<usize>, Option<Body>, Option<u32>),
    WaitFor(usize, Option<u32>),
    /// Waits for a body that is no task.
    WaitForBody(Body, Option<u32>),
    Timeout(Option<u32>, Body),
    /// Moves the limit of one of the timeouts whose blocks run, from now on, or takes it away.
    Reschedule(usize, Option<u32>),
    Shield(usize),
    Group(Vec<Body>, Body),
    /// Makes a task in a group of whatever task, also when its block has ended.
    GroupTask(usize, Body),
    Lock(usize, Body),
    /// Waits on the condition that belongs to a lock.
    WaitCondition(usize),
    /// Waits until a condition was notified so many times.
    WaitUntil(usize, u32),
    /// Notifies so many, or all, and does something else before it lets go of the lock.
    Notify(usize, Option<usize>, Body),
    Semaphore(usize, Body),
    Release(usize),
    WaitEvent(usize),
    SetEvent(usize),
    ClearEvent(usize),
    Barrier(usize),
    Promise(usize),
    ShieldPromise(usize),
    SetPromise(usize, u32),
    FailPromise(usize, u32),
    /// With a message or without.
    CancelPromise(usize, Option<u32>),
    /// Puts a new promise in the place of the old one.
    NewPromise(usize),
    /// A callback that runs the steps; none of them suspends, and only the last may fail. Its handle is kept.
    Soon(Body),
    Later(u32, Body),
    CancelHandle(usize),
    OnDone(usize, Body),
    RemoveCallback(usize),
    /// Stops the loop, which is run again.
    Stop,
    /// Swallows whatever the body fails with, a cancellation included.
    Catch(Body),
    Finally(Body, Body),
    Fail(u32),
}

/// The kind of each queue (first in, last in, or smallest first out) and its bound.
pub const QUEUES: [[usize; 2]; 6] = [[0, 0], [0, 1], [0, 2], [1, 2], [2, 0], [2, 2]];
/// How many there are of each kind of thing; each lock has a condition.
pub const LOCKS: usize = 2;
pub const SEMAPHORES: [usize; 2] = [1, 2];
pub const EVENTS: usize = 2;
pub const BARRIERS: [usize; 2] = [2, 3];
pub const PROMISES: usize = 3;

/// The deepest nesting of bodies.
const DEPTH: u32 = 4;

/// The longest duration of a timer, in microseconds: so long that sums of durations hardly ever fall on one instant.
const LONGEST: u32 = 2_000_000_000;

/// What a program is about, beside sleeping, spawning, cancelling and catching.
///
/// A program has few topics: what is done all the time meets itself in more ways than what is done now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Queues,
    Locks,
    Semaphores,
    Events,
    Barriers,
    Promises,
    Tasks,
    Gather,
    Wait,
    Timeouts,
    Groups,
    Callbacks,
    Failures,
    ShutDown,
    Conditions,
    Counts,
    Messages,
    AsCompleted,
    Gathers,
    Stop,
    /// A run to the program's end.
    Run,
}

const TOPICS: [Topic; 21] = [
    Topic::Queues,
    Topic::Locks,
    Topic::Semaphores,
    Topic::Events,
    Topic::Barriers,
    Topic::Promises,
    Topic::Tasks,
    Topic::Gather,
    Topic::Wait,
    Topic::Timeouts,
    Topic::Groups,
    Topic::Callbacks,
    Topic::Failures,
    Topic::ShutDown,
    Topic::Conditions,
    Topic::Counts,
    Topic::Messages,
    Topic::AsCompleted,
    Topic::Gathers,
    Topic::Stop,
    Topic::Run,
];

struct Maker {
    rng: Rng,
    topics: Vec<Topic>,
    /// Shifts the numbers of things; with `spread` one, all tasks use the same queue, the same lock and so on.
    shift: usize,
    spread: usize,
    durations: HashSet<u32>,
    /// Numbers the items, values and errors, so that each can be told from the others.
    made: u32,
}

/// Makes the program of a seed, without some topics.
pub fn make(seed: u64, without: &[Topic]) -> Program {
    let mut rng = Rng::with_seed(seed);
    let mut topics = TOPICS.to_vec();
    rng.shuffle(&mut topics);
    topics.truncate(rng.usize(1..7));
    topics.retain(|topic| !without.contains(topic));
    if topics.contains(&Topic::Messages) {
        // Left out, as in `Program::each_once`: with gathers between, who asks first depends on the version.
        topics.retain(|topic| !matches!(topic, Topic::Gather | Topic::Gathers));
    }
    let to_its_end = topics.contains(&Topic::Run);
    let each_once = topics.contains(&Topic::Messages);
    let mut maker = Maker {
        topics,
        shift: rng.usize(0..12),
        spread: rng.usize(1..3),
        durations: HashSet::new(),
        made: 0,
        rng,
    };
    let mut main: Vec<_> = (0..maker.rng.usize(3..9))
        .map(|_| Op::Spawn(maker.body_that_goes_on()))
        .collect();
    if to_its_end && maker.topics.contains(&Topic::Stop) && maker.rng.bool() {
        main.push(Op::Stop);
    }
    // The sooner the main task ends, the more is left over for the end of the run.
    let most = if to_its_end { 4 } else { 10 };
    main.extend((0..maker.rng.usize(most / 4..most)).map(|_| maker.op_that_is_caught()));
    Program {
        to_its_end,
        each_once,
        main: main.into(),
    }
}

impl Maker {
    fn number(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    fn duration(&mut self) -> u32 {
        loop {
            let duration = self.rng.u32(1..LONGEST);
            if self.durations.insert(duration) {
                return duration;
            }
        }
    }

    /// Makes an item: the less, the sooner it leaves a queue of the kind that gives the smallest first.
    fn item(&mut self) -> u32 {
        self.rng.u32(0..4) * 10_000 + self.number()
    }

    /// Gives a limit of time: none, none at all, or some.
    fn limit(&mut self) -> Option<u32> {
        match self.rng.u32(0..8) {
            0 => None,
            1..=3 => Some(0),
            _ => Some(self.duration()),
        }
    }

    /// Gives a duration that is mostly a mere yield: most races are between neighbouring passes.
    fn pause(&mut self) -> u32 {
        match self.rng.u32(0..4) {
            0 => self.duration(),
            _ => 0,
        }
    }

    fn body(&mut self, depth: u32) -> Body {
        (0..self.rng.usize(1..5))
            .map(|_| self.op(depth + 1))
            .collect()
    }

    /// Makes the body of a task that mostly outlives its errors and cancellations.
    fn body_that_goes_on(&mut self) -> Body {
        (0..self.rng.usize(2..9))
            .map(|_| self.op_that_is_caught())
            .collect()
    }

    fn op_that_is_caught(&mut self) -> Op {
        match self.rng.u32(0..3) {
            0 => self.op(1),
            _ => Op::Catch(Rc::new([self.op(1)])),
        }
    }

    /// Makes the body of a callback; some end with an error, for the exception handler.
    fn quick_body(&mut self, depth: u32) -> Body {
        let mut body: Vec<_> = (0..self.rng.usize(1..4))
            .map(|_| self.quick(depth + 1))
            .collect();
        if self.rng.u32(0..6) == 0 {
            body.push(Op::Fail(self.number()));
        }
        body.into()
    }

    fn task(&mut self) -> usize {
        self.rng.usize(0..100)
    }

    fn tasks(&mut self) -> Vec<usize> {
        (0..self.rng.usize(1..4)).map(|_| self.task()).collect()
    }

    /// Picks one of `count` things.
    fn one_of(&mut self, count: usize) -> usize {
        (self.shift + self.rng.usize(0..self.spread)) % count
    }

    fn topic(&mut self) -> Option<Topic> {
        self.rng.choice(&self.topics).copied()
    }

    /// Makes a step that does not suspend and does not fail.
    fn quick(&mut self, depth: u32) -> Op {
        let nests = depth < DEPTH;
        let pick = self.rng.u32(0..6);
        match self.topic() {
            Some(Topic::ShutDown) if pick == 0 => {
                Op::ShutDown(self.one_of(QUEUES.len()), self.rng.bool())
            }
            Some(Topic::Queues | Topic::ShutDown) => {
                let queue = self.one_of(QUEUES.len());
                match pick {
                    0..=2 => Op::PutNowait(queue, self.item()),
                    3 => Op::GetNowait(queue),
                    _ => Op::TaskDone(queue),
                }
            }
            Some(Topic::Semaphores) => Op::Release(self.one_of(SEMAPHORES.len())),
            Some(Topic::Events) => {
                let event = self.one_of(EVENTS);
                match pick {
                    0..=3 => Op::SetEvent(event),
                    _ => Op::ClearEvent(event),
                }
            }
            Some(Topic::Promises) => {
                let promise = self.one_of(PROMISES);
                match pick {
                    0 | 1 => Op::SetPromise(promise, self.number()),
                    2 => Op::FailPromise(promise, self.number()),
                    3 => {
                        let with_message = self.topics.contains(&Topic::Messages);
                        Op::CancelPromise(promise, with_message.then(|| self.number()))
                    }
                    _ => Op::NewPromise(promise),
                }
            }
            Some(Topic::Counts) => match pick {
                0..=2 => Op::Cancelling(self.task()),
                3 | 4 => Op::Uncancel(self.task()),
                _ => Op::Cancel(self.task()),
            },
            Some(Topic::Messages) => Op::CancelSaying(self.task(), self.number()),
            Some(Topic::Gathers) => match pick {
                0..=2 => Op::CancelGather(self.task()),
                _ => Op::AskGather(self.task()),
            },
            Some(Topic::Timeouts) => Op::Reschedule(self.task(), self.limit()),
            Some(Topic::Groups) if nests && pick < 3 => {
                Op::GroupTask(self.task(), self.body(depth))
            }
            Some(Topic::Tasks) if nests && pick < 2 => Op::Spawn(self.body(depth)),
            Some(Topic::Callbacks) => match pick {
                0 if nests => Op::Soon(self.quick_body(depth)),
                0..=2 => Op::CancelHandle(self.task()),
                _ => Op::RemoveCallback(self.task()),
            },
            Some(Topic::Stop) if pick < 3 => Op::Stop,
            _ => Op::Cancel(self.task()),
        }
    }

    fn op(&mut self, depth: u32) -> Op {
        if depth < DEPTH && self.rng.u32(0..8) == 0 {
            return match self.rng.u32(0..4) {
                0 | 1 => Op::Spawn(self.body(depth)),
                2 => Op::Catch(self.body(depth)),
                _ => Op::Finally(self.body(depth), self.body(depth)),
            };
        }
        match self.rng.u32(0..10) {
            0..=2 => Op::Sleep(self.pause()),
            3 | 4 => self.quick(depth),
            _ => self.topical(depth),
        }
    }

    /// Makes a step of one of the program's topics; the deepest bodies nest no further.
    fn topical(&mut self, depth: u32) -> Op {
        let pick = self.rng.u32(0..6);
        let nests = depth < DEPTH;
        match self.topic() {
            Some(Topic::Queues | Topic::ShutDown) => {
                let queue = self.one_of(QUEUES.len());
                match pick {
                    0..=2 => Op::Put(queue, self.item()),
                    3 | 4 => Op::Get(queue),
                    _ => Op::Join(queue),
                }
            }
            Some(Topic::Locks) if nests => Op::Lock(self.one_of(LOCKS), self.body(depth)),
            Some(Topic::Semaphores) if nests => {
                Op::Semaphore(self.one_of(SEMAPHORES.len()), self.body(depth))
            }
            Some(Topic::Events) => Op::WaitEvent(self.one_of(EVENTS)),
            Some(Topic::Barriers) => Op::Barrier(self.one_of(BARRIERS.len())),
            Some(Topic::Promises) => {
                let promise = self.one_of(PROMISES);
                match pick {
                    0..=2 => Op::Promise(promise),
                    _ => Op::ShieldPromise(promise),
                }
            }
            Some(Topic::Tasks) => match pick {
                0..=2 => Op::Await(self.task()),
                _ => Op::Shield(self.task()),
            },
            Some(Topic::Conditions) => {
                let condition = self.one_of(LOCKS);
                match pick {
                    0 | 1 => Op::WaitCondition(condition),
                    2 => Op::WaitUntil(condition, self.rng.u32(1..5)),
                    _ if nests => {
                        let count = (pick < 5).then(|| self.rng.usize(0..3));
                        Op::Notify(condition, count, self.body(depth))
                    }
                    _ => Op::Notify(condition, None, Rc::new([])),
                }
            }
            Some(Topic::Gather) => Op::Gather(self.tasks(), self.rng.bool()),
            Some(Topic::Gathers) => match pick {
                0 | 1 => Op::KeepGather(self.tasks(), self.rng.bool()),
                2 => Op::GatherGathers(self.tasks(), self.rng.bool()),
                _ => Op::AwaitGather(self.task()),
            },
            Some(Topic::Wait) => {
                let timeout = self.rng.bool().then(|| self.duration());
                Op::Wait(self.tasks(), timeout, self.rng.usize(0..3))
            }
            Some(Topic::AsCompleted) => {
                let body = (nests && self.rng.bool()).then(|| self.body(depth));
                let timeout = self.rng.bool().then(|| self.duration());
                Op::AsCompleted(self.tasks(), body, timeout)
            }
            Some(Topic::Timeouts) if nests => match pick {
                0..=3 => Op::Timeout(self.limit(), self.body(depth)),
                4 => Op::WaitForBody(self.body(depth), self.limit()),
                _ => Op::WaitFor(self.task(), self.limit()),
            },
            Some(Topic::Timeouts) => Op::WaitFor(self.task(), self.limit()),
            Some(Topic::Groups) if nests => {
                let children = (0..self.rng.usize(1..4))
                    .map(|_| self.body(depth))
                    .collect();
                Op::Group(children, self.body(depth))
            }
            Some(Topic::Callbacks) => match pick {
                0 | 1 => Op::Soon(self.quick_body(depth)),
                2 | 3 => Op::Later(self.duration(), self.quick_body(depth)),
                _ => Op::OnDone(self.task(), self.quick_body(depth)),
            },
            Some(Topic::Failures) => Op::Fail(self.number()),
            // What a cancellation at the end of the run finds.
            Some(Topic::Run) if nests => Op::Finally(self.body(depth), self.body(depth)),
            _ => Op::Sleep(self.pause()),
        }
    }
}

/// Writes a program as JSON.
pub fn program_as_json(program: &Program) -> String {
    let Program {
        to_its_end,
        each_once,
        main,
    } = program;
    format!("[{to_its_end}, {each_once}, {}]", json(main))
}

/// Writes a body as JSON: each step is a list of its name and its parts.
fn json(body: &[Op]) -> String {
    let steps: Vec<_> = body.iter().map(Op::to_string).collect();
    format!("[{}]", steps.join(", "))
}

/// Writes what may be left out as JSON.
fn or_null(part: Option<impl Display>) -> String {
    part.map_or("null".to_owned(), |part| part.to_string())
}

impl Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Sleep(us) => write!(f, r#"["sleep", {us}]"#),
            Op::Put(queue, item) => write!(f, r#"["put", {queue}, {item}]"#),
            Op::Get(queue) => write!(f, r#"["get", {queue}]"#),
            Op::PutNowait(queue, item) => write!(f, r#"["put_nowait", {queue}, {item}]"#),
            Op::GetNowait(queue) => write!(f, r#"["get_nowait", {queue}]"#),
            Op::TaskDone(queue) => write!(f, r#"["task_done", {queue}]"#),
            Op::Join(queue) => write!(f, r#"["join", {queue}]"#),
            Op::ShutDown(queue, now) => write!(f, r#"["shut_down", {queue}, {now}]"#),
            Op::Spawn(body) => write!(f, r#"["spawn", {}]"#, json(body)),
            Op::Cancel(task) => write!(f, r#"["cancel", {task}]"#),
            Op::CancelSaying(task, number) => write!(f, r#"["cancel_saying", {task}, {number}]"#),
            Op::Cancelling(task) => write!(f, r#"["cancelling", {task}]"#),
            Op::Uncancel(task) => write!(f, r#"["uncancel", {task}]"#),
            Op::Await(task) => write!(f, r#"["await_", {task}]"#),
            Op::Gather(tasks, rex) => write!(f, r#"["gather", {tasks:?}, {rex}]"#),
            Op::KeepGather(tasks, rex) => write!(f, r#"["keep_gather", {tasks:?}, {rex}]"#),
            Op::GatherGathers(gathers, rex) => {
                write!(f, r#"["gather_gathers", {gathers:?}, {rex}]"#)
            }
            Op::AwaitGather(gather) => write!(f, r#"["await_gather", {gather}]"#),
            Op::CancelGather(gather) => write!(f, r#"["cancel_gather", {gather}]"#),
            Op::AskGather(gather) => write!(f, r#"["ask_gather", {gather}]"#),
            Op::Wait(tasks, us, when) => {
                write!(f, r#"["wait", {tasks:?}, {}, {when}]"#, or_null(*us))
            }
            Op::AsCompleted(tasks, body, us) => {
                let body = or_null(body.as_ref().map(|body| json(body)));
                write!(
                    f,
                    r#"["as_completed", {tasks:?}, {body}, {}]"#,
                    or_null(*us)
                )
            }
            Op::WaitFor(task, us) => write!(f, r#"["wait_for", {task}, {}]"#, or_null(*us)),
            Op::WaitForBody(body, us) => {
                write!(f, r#"["wait_for_body", {}, {}]"#, json(body), or_null(*us))
            }
            Op::Timeout(us, body) => {
                write!(f, r#"["timeout", {}, {}]"#, or_null(*us), json(body))
            }
            Op::Reschedule(limit, us) => {
                write!(f, r#"["reschedule", {limit}, {}]"#, or_null(*us))
            }
            Op::Shield(task) => write!(f, r#"["shield", {task}]"#),
            Op::Group(children, body) => {
                let children: Vec<_> = children.iter().map(|child| json(child)).collect();
                let children = children.join(", ");
                write!(f, r#"["group", [{children}], {}]"#, json(body))
            }
            Op::GroupTask(group, body) => write!(f, r#"["group_task", {group}, {}]"#, json(body)),
            Op::WaitCondition(condition) => write!(f, r#"["wait_condition", {condition}]"#),
            Op::WaitUntil(condition, count) => {
                write!(f, r#"["wait_until", {condition}, {count}]"#)
            }
            Op::Notify(condition, count, body) => {
                let count = or_null(*count);
                write!(f, r#"["notify", {condition}, {count}, {}]"#, json(body))
            }
            Op::Lock(lock, body) => write!(f, r#"["lock", {lock}, {}]"#, json(body)),
            Op::Semaphore(number, body) => write!(f, r#"["semaphore", {number}, {}]"#, json(body)),
            Op::Release(number) => write!(f, r#"["release", {number}]"#),
            Op::WaitEvent(event) => write!(f, r#"["wait_event", {event}]"#),
            Op::SetEvent(event) => write!(f, r#"["set_event", {event}]"#),
            Op::ClearEvent(event) => write!(f, r#"["clear_event", {event}]"#),
            Op::Barrier(barrier) => write!(f, r#"["barrier", {barrier}]"#),
            Op::Promise(promise) => write!(f, r#"["promise", {promise}]"#),
            Op::ShieldPromise(promise) => write!(f, r#"["shield_promise", {promise}]"#),
            Op::SetPromise(promise, value) => write!(f, r#"["set_promise", {promise}, {value}]"#),
            Op::FailPromise(promise, number) => {
                write!(f, r#"["fail_promise", {promise}, {number}]"#)
            }
            Op::NewPromise(promise) => write!(f, r#"["new_promise", {promise}]"#),
            Op::CancelPromise(promise, number) => {
                write!(f, r#"["cancel_promise", {promise}, {}]"#, or_null(*number))
            }
            Op::Soon(body) => write!(f, r#"["soon", {}]"#, json(body)),
            Op::Later(us, body) => write!(f, r#"["later", {us}, {}]"#, json(body)),
            Op::CancelHandle(handle) => write!(f, r#"["cancel_handle", {handle}]"#),
            Op::RemoveCallback(callback) => write!(f, r#"["remove_callback", {callback}]"#),
            Op::Stop => write!(f, r#"["stop"]"#),
            Op::OnDone(task, body) => write!(f, r#"["on_done", {task}, {}]"#, json(body)),
            Op::Catch(body) => write!(f, r#"["catch", {}]"#, json(body)),
            Op::Finally(body, last) => write!(f, r#"["finally_", {}, {}]"#, json(body), json(last)),
            Op::Fail(number) => write!(f, r#"["fail", {number}]"#),
        }
    }
}
