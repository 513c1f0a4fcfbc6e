//! The programs: a small tree, made at random, and written down for the interpreter in Python.

use std::collections::HashSet;
use std::fmt::{self, Display};
use std::rc::Rc;

use fastrand::Rng;

/// What a task does, one after the other.
pub type Body = Rc<[Op]>;

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
    Spawn(Body),
    /// Cancels any task, the running one included.
    Cancel(usize),
    /// Awaits a task that was made after the awaiting one, so that no two ever await each other.
    Await(usize),
    Gather(Vec<usize>, bool),
    Wait(Vec<usize>, Option<u32>, usize),
    WaitFor(usize, u32),
    Timeout(u32, Body),
    Shield(usize),
    Group(Vec<Body>, Body),
    Lock(usize, Body),
    Semaphore(usize, Body),
    Release(usize),
    WaitEvent(usize),
    SetEvent(usize),
    ClearEvent(usize),
    Barrier(usize),
    Promise(usize),
    ShieldPromise(usize),
    SetPromise(usize, u32),
    CancelPromise(usize),
    /// A callback that runs the steps; none of them suspends.
    Soon(Body),
    Later(u32, Body),
    OnDone(usize, Body),
    /// Swallows whatever the body fails with, a cancellation included.
    Catch(Body),
    Finally(Body, Body),
    Fail(u32),
}

/// How many there are of each kind of thing.
pub const QUEUES: [usize; 3] = [0, 1, 2];
pub const LOCKS: usize = 2;
pub const SEMAPHORES: [usize; 2] = [1, 2];
pub const EVENTS: usize = 2;
pub const BARRIERS: [usize; 2] = [2, 3];
pub const PROMISES: usize = 3;

/// The deepest nesting of bodies.
const DEPTH: u32 = 4;

/// The longest duration of a timer, in microseconds.
const LONGEST: u32 = 20_000_000;

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
}

const TOPICS: [Topic; 13] = [
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
pub fn make(seed: u64, without: &[Topic]) -> Body {
    let mut rng = Rng::with_seed(seed);
    let mut topics = TOPICS.to_vec();
    rng.shuffle(&mut topics);
    topics.truncate(rng.usize(1..5));
    topics.retain(|topic| !without.contains(topic));
    let mut maker = Maker {
        topics,
        shift: rng.usize(0..6),
        spread: rng.usize(1..3),
        durations: HashSet::new(),
        made: 0,
        rng,
    };
    let mut main: Vec<_> = (0..maker.rng.usize(3..9))
        .map(|_| Op::Spawn(maker.body_that_goes_on()))
        .collect();
    main.extend((0..maker.rng.usize(3..10)).map(|_| maker.op_that_is_caught()));
    main.into()
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

    fn quick_body(&mut self) -> Body {
        (0..self.rng.usize(1..4)).map(|_| self.quick()).collect()
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
    fn quick(&mut self) -> Op {
        let pick = self.rng.u32(0..6);
        match self.topic() {
            Some(Topic::Queues) => {
                let queue = self.one_of(QUEUES.len());
                match pick {
                    0..=2 => Op::PutNowait(queue, self.number()),
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
                    0..=3 => Op::SetPromise(promise, self.number()),
                    _ => Op::CancelPromise(promise),
                }
            }
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
            3 | 4 => self.quick(),
            _ => self.topical(depth),
        }
    }

    /// Makes a step of one of the program's topics; the deepest bodies nest no further.
    fn topical(&mut self, depth: u32) -> Op {
        let pick = self.rng.u32(0..6);
        let nests = depth < DEPTH;
        match self.topic() {
            Some(Topic::Queues) => {
                let queue = self.one_of(QUEUES.len());
                match pick {
                    0..=2 => Op::Put(queue, self.number()),
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
            Some(Topic::Gather) => Op::Gather(self.tasks(), self.rng.bool()),
            Some(Topic::Wait) => {
                let timeout = self.rng.bool().then(|| self.duration());
                Op::Wait(self.tasks(), timeout, self.rng.usize(0..3))
            }
            Some(Topic::Timeouts) if nests && pick < 4 => {
                Op::Timeout(self.pause(), self.body(depth))
            }
            Some(Topic::Timeouts) => Op::WaitFor(self.task(), self.pause()),
            Some(Topic::Groups) if nests => {
                let children = (0..self.rng.usize(1..4))
                    .map(|_| self.body(depth))
                    .collect();
                Op::Group(children, self.body(depth))
            }
            Some(Topic::Callbacks) => match pick {
                0 | 1 => Op::Soon(self.quick_body()),
                2 | 3 => Op::Later(self.duration(), self.quick_body()),
                _ => Op::OnDone(self.task(), self.quick_body()),
            },
            Some(Topic::Failures) => Op::Fail(self.number()),
            _ => Op::Sleep(self.pause()),
        }
    }
}

/// Writes a body as JSON: each step is a list of its name and its parts.
pub fn json(body: &[Op]) -> String {
    let steps: Vec<_> = body.iter().map(Op::to_string).collect();
    format!("[{}]", steps.join(", "))
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
            Op::Spawn(body) => write!(f, r#"["spawn", {}]"#, json(body)),
            Op::Cancel(task) => write!(f, r#"["cancel", {task}]"#),
            Op::Await(task) => write!(f, r#"["await_", {task}]"#),
            Op::Gather(tasks, rex) => write!(f, r#"["gather", {tasks:?}, {rex}]"#),
            Op::Wait(tasks, None, when) => write!(f, r#"["wait", {tasks:?}, null, {when}]"#),
            Op::Wait(tasks, Some(us), when) => write!(f, r#"["wait", {tasks:?}, {us}, {when}]"#),
            Op::WaitFor(task, us) => write!(f, r#"["wait_for", {task}, {us}]"#),
            Op::Timeout(us, body) => write!(f, r#"["timeout", {us}, {}]"#, json(body)),
            Op::Shield(task) => write!(f, r#"["shield", {task}]"#),
            Op::Group(children, body) => {
                let children: Vec<_> = children.iter().map(|child| json(child)).collect();
                let children = children.join(", ");
                write!(f, r#"["group", [{children}], {}]"#, json(body))
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
            Op::CancelPromise(promise) => write!(f, r#"["cancel_promise", {promise}]"#),
            Op::Soon(body) => write!(f, r#"["soon", {}]"#, json(body)),
            Op::Later(us, body) => write!(f, r#"["later", {us}, {}]"#, json(body)),
            Op::OnDone(task, body) => write!(f, r#"["on_done", {task}, {}]"#, json(body)),
            Op::Catch(body) => write!(f, r#"["catch", {}]"#, json(body)),
            Op::Finally(body, last) => write!(f, r#"["finally_", {}, {}]"#, json(body), json(last)),
            Op::Fail(number) => write!(f, r#"["fail", {number}]"#),
        }
    }
}
