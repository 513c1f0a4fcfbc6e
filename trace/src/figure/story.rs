//! A run told moment by moment: who runs, who is ready, which timers are set, who waits for what, and a sentence for each.

use std::collections::HashMap;
use std::time::Duration;

use asyncio::observe::{Actor, Awaited, Kind, Outcome};

use super::words;
use crate::lanes::{self, End, On, Span, State};
use crate::recording::{Clock, Library, Run};

/// Whose turn it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Who {
    Task(u64),
    Callback(u64),
}

/// A task or a callback.
pub(super) struct Item {
    pub(super) who: Who,
    pub(super) name: String,
    /// True for the callbacks that the library makes for itself; they share one lane.
    pub(super) inner: bool,
    /// What it does when, for those that have a lane.
    pub(super) spans: Vec<Span>,
    pub(super) end: Option<(usize, End)>,
}

impl Item {
    /// Tells whether a picture shows it.
    pub(super) fn is_shown(&self) -> bool {
        !(self.inner && self.name == words::END_OF_RUN)
    }

    pub(super) fn is_own_callback(&self) -> bool {
        matches!(self.who, Who::Callback(_)) && !self.inner
    }
}

/// A change of what a reader sees.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// It went to the end of the ready queue.
    Ready(usize),
    /// It left the ready queue.
    NotReady(usize),
    TimerSet(usize, Duration),
    TimerGone(usize),
    Waits(usize, String),
    WaitsNoMore(usize),
    /// This pass begins.
    Pass(u64),
    Prints(usize, String),
}

/// A place where a reader can stop: an event that can be seen, with those before it that cannot.
pub(super) struct Moment {
    /// The number of the event.
    pub(super) event: usize,
    pub(super) time: Duration,
    pub(super) line: Option<u32>,
    /// Who has the thread afterwards.
    pub(super) runs: Option<usize>,
    pub(super) text: String,
    pub(super) changes: Vec<Change>,
}

/// Something that the program printed: the event, who, and what.
pub(super) struct Printed {
    pub(super) event: usize,
    pub(super) by: String,
    pub(super) time: Duration,
    pub(super) text: String,
}

pub(super) struct Story {
    pub(super) items: Vec<Item>,
    pub(super) places: HashMap<Who, usize>,
    pub(super) moments: Vec<Moment>,
    pub(super) printed: Vec<Printed>,
    /// What a task waits for after the step that ends with this event.
    pub(super) waits: HashMap<usize, String>,
}

impl Story {
    pub(super) fn of(run: &Run) -> Story {
        let (items, places) = items(run);
        let mut teller = Teller {
            library: run.library,
            clock: run.clock,
            story: Story {
                items,
                places,
                moments: Vec::new(),
                printed: Vec::new(),
                waits: HashMap::new(),
            },
            running: Vec::new(),
            changes: Vec::new(),
            awaits: HashMap::new(),
            promises: HashMap::new(),
            again: false,
            begun: Vec::new(),
        };
        let mut lines = crate::json::Lines::default();
        for (n, record) in run.records.iter().enumerate() {
            let line = lines.follow(&record.event);
            let next = run.records.get(n + 1).map(|next| &next.event.kind);
            let Some(text) = teller.tell(n, record, next) else {
                continue;
            };
            teller.story.moments.push(Moment {
                event: n,
                time: record.event.time,
                line,
                runs: teller.running.last().copied(),
                text,
                changes: std::mem::take(&mut teller.changes),
            });
        }
        // What comes after the last moment belongs to it.
        if let Some(last) = teller.story.moments.last_mut() {
            let changes = teller.changes.into_iter();
            last.changes
                .extend(changes.filter(|change| !matches!(change, Change::Pass(_))));
            last.runs = teller.running.last().copied();
        }
        teller.story
    }

    pub(super) fn index(&self, who: Who) -> Option<usize> {
        self.places.get(&who).copied()
    }

    pub(super) fn item(&self, who: Who) -> Option<&Item> {
        self.index(who).map(|item| &self.items[item])
    }
}

fn actor_item(actor: Actor) -> Option<Who> {
    match actor {
        Actor::Task(task) => Some(Who::Task(task)),
        Actor::Callback(callback) => Some(Who::Callback(callback)),
        Actor::Outside | Actor::Loop | Actor::Thread => None,
    }
}

/// Gives the tasks in the order in which they were made, then the callbacks.
fn items(run: &Run) -> (Vec<Item>, HashMap<Who, usize>) {
    let mut items: Vec<Item> = lanes::of(run)
        .into_iter()
        .map(|lane| Item {
            who: Who::Task(lane.task),
            name: lane.name,
            inner: false,
            spans: lane.spans,
            end: lane.end,
        })
        .collect();
    name_main(run, &mut items);
    let mut places: HashMap<Who, usize> = (0..items.len()).map(|n| (items[n].who, n)).collect();
    let mut own = 0;
    for (n, record) in run.records.iter().enumerate() {
        let (callback, name) = match &record.event.kind {
            Kind::CallbackScheduled { callback, name } => (*callback, &**name),
            Kind::TimerSet { callback, name, .. } => (*callback, &**name),
            kind => {
                follow_callback(&mut items, &places, n, kind);
                continue;
            }
        };
        let who = Who::Callback(callback);
        let inner = words::inner_callback(name);
        let name = match inner {
            Some("sleep timer") => {
                let of = actor_item(record.event.by).and_then(|who| places.get(&who));
                of.map_or("sleep timer".to_owned(), |of| {
                    format!("sleep timer of {}", items[*of].name)
                })
            }
            Some(inner) => inner.to_owned(),
            None => {
                own += 1;
                format!("callback {own}")
            }
        };
        places.insert(who, items.len());
        items.push(Item {
            who,
            name,
            inner: inner.is_some(),
            spans: Vec::new(),
            end: None,
        });
        follow_callback(&mut items, &places, n, &record.event.kind);
    }
    for item in &mut items {
        leave(&mut item.spans, run.records.len());
    }
    (items, places)
}

/// The first task of a program is called `main` unless the program gave it another name.
fn name_main(run: &Run, items: &mut [Item]) {
    let mut outside = run.records.iter().filter_map(|record| match record.event {
        asyncio::observe::Event {
            by: Actor::Outside,
            kind: Kind::TaskCreated { task, .. },
            ..
        } => Some(task),
        _ => None,
    });
    if let (Some(main), None) = (outside.next(), outside.next())
        && let Some(item) = items.iter_mut().find(|item| item.who == Who::Task(main))
        && item.name == format!("Task-{main}")
    {
        item.name = "main".to_owned();
    }
}

fn leave(spans: &mut [Span], at: usize) {
    if let Some(span) = spans.last_mut() {
        span.end = span.end.min(at);
    }
}

/// Keeps the spans of a callback: it waits for its time, is ready, and runs.
fn follow_callback(items: &mut [Item], places: &HashMap<Who, usize>, n: usize, kind: &Kind) {
    let (callback, state, end) = match kind {
        Kind::TimerSet { callback, when, .. } => {
            let label = format!("timer until {}", words::time(*when));
            let on = On::Sleep;
            (callback, Some(State::Waiting { on, label }), None)
        }
        Kind::CallbackScheduled { callback, .. } | Kind::TimerFired { callback } => {
            (callback, Some(State::Ready), None)
        }
        Kind::CallbackBegin { callback } => (callback, Some(State::Running), None),
        Kind::CallbackEnd { callback } => (callback, None, None),
        Kind::CallbackCancelled { callback } | Kind::TimerCancelled { callback } => {
            (callback, None, Some((n, End::Cancelled)))
        }
        _ => return,
    };
    let Some(place) = places.get(&Who::Callback(*callback)) else {
        return;
    };
    let item = &mut items[*place];
    leave(&mut item.spans, n);
    item.end = item.end.or(end);
    item.spans.extend(state.map(|state| Span {
        state,
        begin: n,
        end: usize::MAX,
    }));
}

/// Remembers what the next sentence needs.
struct Teller {
    library: Library,
    clock: Clock,
    story: Story,
    /// Who has the thread; several if a future of Tokio is wrapped within another.
    running: Vec<usize>,
    changes: Vec<Change>,
    /// What each task said in its last step that it waits for.
    awaits: HashMap<u64, Vec<String>>,
    promises: HashMap<u64, (On, String)>,
    /// True if the running task was woken during its own step.
    again: bool,
    /// The tasks that have had a step.
    begun: Vec<u64>,
}

impl Teller {
    fn item(&self, who: Who) -> Option<usize> {
        self.story.index(who)
    }

    fn name(&self, who: Who) -> String {
        match (self.item(who), who) {
            (Some(item), _) => self.story.items[item].name.clone(),
            (None, Who::Task(task)) => format!("Task-{task}"),
            (None, Who::Callback(callback)) => format!("callback {callback}"),
        }
    }

    fn task(&self, task: u64) -> String {
        self.name(Who::Task(task))
    }

    fn callback(&self, callback: u64) -> String {
        self.called(Who::Callback(callback))
    }

    /// The name as a sentence has it: the library's own callbacks are described, not named.
    fn called(&self, who: Who) -> String {
        let name = self.name(who);
        match self.item(who) {
            Some(item) if self.story.items[item].inner => format!("the {name}"),
            _ => name,
        }
    }

    fn actor(&self, actor: Actor) -> String {
        match (actor_item(actor), self.library) {
            (Some(who), _) => self.called(who),
            (None, _) if actor == Actor::Outside => "the program".to_owned(),
            (None, _) if actor == Actor::Thread => "another thread".to_owned(),
            (None, Library::Asyncio) => "the loop".to_owned(),
            (None, Library::Tokio) => "Tokio".to_owned(),
        }
    }

    /// Notes a change of a task or a callback that the reader has heard of.
    fn change(&mut self, who: Who, change: impl FnOnce(usize) -> Change) {
        if let Some(item) = self.item(who) {
            self.changes.push(change(item));
        }
    }

    /// Follows one event; gives a sentence if the reader can see what it changes.
    fn tell(&mut self, n: usize, record: &crate::Record, next: Option<&Kind>) -> Option<String> {
        let by = self.actor(record.event.by);
        let queue = match self.library {
            Library::Asyncio => "it goes to the end of the ready queue",
            // Tokio's order is its own, and nothing tells it.
            Library::Tokio => "it is ready",
        };
        Some(match &record.event.kind {
            Kind::TaskCreated { task, .. } => {
                // Making it and making it ready is one thing for a reader.
                if matches!(next, Some(Kind::Woken { task: woken }) if woken == task) {
                    return None;
                }
                format!("{by} makes the task {}", self.task(*task))
            }
            Kind::Woken { task } => {
                let who = Who::Task(*task);
                self.change(who, Change::Ready);
                if self.running.last().copied() == Some(self.item(who)?) {
                    self.again = true;
                    return Some(format!("{by} gives up its turn; {queue}"));
                }
                self.change(who, Change::WaitsNoMore);
                let name = self.task(*task);
                if self.begun.contains(task) || self.was_ready_before(*task, n) {
                    format!("{by} wakes {name}: {queue}")
                } else {
                    format!("{by} makes the task {name}; {queue}")
                }
            }
            Kind::StepBegin { task } => {
                let who = Who::Task(*task);
                self.change(who, Change::NotReady);
                self.change(who, Change::WaitsNoMore);
                self.running.extend(self.item(who));
                self.again = false;
                self.awaits.remove(task);
                let name = self.task(*task);
                if self.begun.contains(task) {
                    format!("{name} goes on")
                } else {
                    self.begun.push(*task);
                    format!("{name} begins")
                }
            }
            Kind::Awaits { task, on } => {
                let waits = self.awaited(on);
                let all = self.awaits.entry(*task).or_default();
                if !all.contains(&waits) {
                    all.push(waits);
                }
                return None;
            }
            Kind::StepEnd { task } => {
                let item = self.running.pop()?;
                if self.story.items[item].end.is_some_and(|(at, _)| at < n) {
                    return None;
                }
                let name = self.task(*task);
                if self.again {
                    format!("{name} stops for now; it is ready again")
                } else {
                    let waits = joined(self.awaits.get(task).map_or(&[], |waits| waits));
                    self.story.waits.insert(n, waits.clone());
                    let text = format!("{name} stops here: it {waits}");
                    self.changes.push(Change::Waits(item, waits));
                    text
                }
            }
            Kind::TaskDone { task, outcome } => {
                self.change(Who::Task(*task), Change::WaitsNoMore);
                format!("{} {}", self.task(*task), ending(outcome))
            }
            Kind::TaskDropped { task } => {
                self.change(Who::Task(*task), Change::NotReady);
                self.change(Who::Task(*task), Change::WaitsNoMore);
                format!("{} is dropped before its end", self.task(*task))
            }
            Kind::CancelRequested { task, .. } => {
                format!("{by} asks {} to end: cancel", self.task(*task))
            }
            Kind::CancelDelivered { task } => {
                format!("the cancellation arrives in {}", self.task(*task))
            }
            Kind::PromiseCreated {
                promise,
                label,
                until,
            } => {
                let (on, label) = lanes::promised(label, *until);
                let own = label == "promise";
                self.promises.insert(*promise, (on, label));
                if !own {
                    return None;
                }
                format!("{by} makes a promise")
            }
            Kind::PromiseDone { promise, outcome } => {
                let own = self.promises.get(promise);
                own.filter(|(_, label)| label == "promise")?;
                match outcome {
                    Outcome::Result => format!("{by} fills the promise"),
                    Outcome::Exception(error) => {
                        format!("{by} fills the promise with the error “{error}”")
                    }
                    Outcome::Cancelled => format!("{by} cancels the promise"),
                }
            }
            Kind::CallbackScheduled { callback, .. } => {
                self.change(Who::Callback(*callback), Change::Ready);
                format!("{by} schedules {}; {queue}", self.callback(*callback))
            }
            Kind::CallbackBegin { callback } => {
                let who = Who::Callback(*callback);
                self.change(who, Change::NotReady);
                self.running.extend(self.item(who));
                if self.story.item(who).is_some_and(|item| !item.is_shown()) {
                    "the loop sees that the run is over".to_owned()
                } else {
                    format!("{} runs", self.callback(*callback))
                }
            }
            Kind::CallbackEnd { .. } => {
                self.running.pop();
                return None;
            }
            Kind::CallbackCancelled { callback } => {
                self.change(Who::Callback(*callback), Change::NotReady);
                format!("{by} cancels {}", self.callback(*callback))
            }
            Kind::TimerSet { callback, when, .. } => {
                let when = *when;
                self.change(Who::Callback(*callback), |item| {
                    Change::TimerSet(item, when)
                });
                let name = self.callback(*callback);
                format!("{by} sets {name} for {}", words::time(when))
            }
            Kind::TimerFired { callback } => {
                self.change(Who::Callback(*callback), Change::TimerGone);
                self.change(Who::Callback(*callback), Change::Ready);
                let now = words::time(record.event.time);
                format!(
                    "it is {now}, the time of {}: {queue}",
                    self.callback(*callback)
                )
            }
            Kind::TimerCancelled { callback } => {
                self.change(Who::Callback(*callback), Change::TimerGone);
                format!("{by} cancels {}", self.callback(*callback))
            }
            Kind::QueuePut { len, .. } => {
                format!("{by} puts an item into the queue, which now has {len}")
            }
            Kind::QueueGet { len, .. } => {
                format!("{by} takes an item out of the queue, which now has {len}")
            }
            Kind::LoopWaits { until } => match (until, self.clock) {
                (Some(until), Clock::Virtual) => format!(
                    "nothing is ready: the clock jumps to the next timer, {}",
                    words::time(*until)
                ),
                (Some(until), Clock::Real) => format!(
                    "nothing is ready: the loop sleeps until {}",
                    words::time(*until)
                ),
                (None, _) => "nothing is ready, and no timer is set: the loop waits".to_owned(),
            },
            Kind::PassEnd { pass, .. } => {
                self.changes.push(Change::Pass(pass + 1));
                return None;
            }
            Kind::Reported { message } => format!("the exception handler hears: “{message}”"),
            Kind::Note { text } => {
                let by_item = actor_item(record.event.by).and_then(|who| self.item(who));
                self.changes
                    .push(Change::Prints(by_item.unwrap_or(usize::MAX), text.clone()));
                self.story.printed.push(Printed {
                    event: n,
                    by: by.clone(),
                    time: record.event.time,
                    text: text.clone(),
                });
                format!("{by} prints “{text}”")
            }
            Kind::TaskNamed { .. } => return None,
        })
    }

    /// Tells whether the task went into the ready queue before this event.
    fn was_ready_before(&self, task: u64, n: usize) -> bool {
        let item = self.item(Who::Task(task));
        item.is_some_and(|item| {
            let spans = &self.story.items[item].spans;
            spans.first().is_some_and(|span| span.begin < n)
        })
    }

    fn awaited(&self, on: &Awaited) -> String {
        match on {
            Awaited::Task(task) => words::waiting(On::Task, &self.task(*task)),
            Awaited::Promise(promise) => match self.promises.get(promise) {
                Some((on, label)) => words::waiting(*on, label),
                None => "awaits the promise".to_owned(),
            },
            Awaited::Turn => "awaits its turn".to_owned(),
            Awaited::Foreign => "waits".to_owned(),
        }
    }
}

/// Says in one what a task waits for that waits for several things.
fn joined(waits: &[String]) -> String {
    let [first, others @ ..] = waits else {
        return "waits".to_owned();
    };
    let shorter = others
        .iter()
        .map(|other| other.strip_prefix("awaits ").unwrap_or(other));
    match others.len() {
        0 => first.clone(),
        1 | 2 => {
            let all: Vec<&str> = std::iter::once(&**first).chain(shorter).collect();
            all.join(", ")
        }
        more => format!("{first} and {more} more"),
    }
}

fn ending(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Result => "is done".to_owned(),
        Outcome::Exception(error) => format!("fails: “{error}”"),
        Outcome::Cancelled => "ends cancelled".to_owned(),
    }
}
