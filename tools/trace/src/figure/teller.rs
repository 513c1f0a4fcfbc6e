//! Follows the events one by one, and says of each what it changes and what happens.

use std::collections::{HashMap, HashSet};

use asyncio::observe::{Actor, Awaited, Kind, Outcome};

use super::items::items;
use super::story::{Change, MOST_CALLBACKS, Moment, Printed, Story, Who, actor_item};
use super::words;
use crate::json::Lines;
use crate::lanes::{self, On};
use crate::recording::{Clock, Library, Record, Run};

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
    begun: HashSet<u64>,
    /// The line where each task was made.
    made: HashMap<u64, u32>,
}

impl Story {
    /// Tells the run.
    pub(super) fn of(run: &Run) -> Story {
        let (items, places) = items(run);
        let own = items.iter().filter(|item| item.is_own_callback()).count();
        let mut teller = Teller {
            library: run.library,
            clock: run.clock,
            story: Story {
                items,
                places,
                callbacks_share: own > MOST_CALLBACKS,
                moments: Vec::new(),
                printed: Vec::new(),
                waits: HashMap::new(),
            },
            running: Vec::new(),
            changes: Vec::new(),
            awaits: HashMap::new(),
            promises: HashMap::new(),
            again: false,
            begun: HashSet::new(),
            made: HashMap::new(),
        };
        let mut lines = Lines::default();
        for (n, record) in run.records.iter().enumerate() {
            let line = lines.follow(&record.event);
            let next = run.records.get(n + 1).map(|next| &next.event.kind);
            let Some(text) = teller.tell(n, record, next) else {
                continue;
            };
            let made = match record.event.by {
                Actor::Task(task) if line.is_none() => teller.made.get(&task).copied(),
                _ => None,
            };
            teller.story.moments.push(Moment {
                event: n,
                time: record.event.time.0,
                line,
                made,
                runs: teller.running.last().copied(),
                text,
                changes: std::mem::take(&mut teller.changes),
            });
        }
        // What comes after the last moment belongs to it, but no pass begins any more.
        if let Some(last) = teller.story.moments.last_mut() {
            let changes = teller.changes.into_iter();
            last.changes.extend(changes.filter(|change| !matches!(change, Change::Pass(_))));
            last.runs = teller.running.last().copied();
        }
        teller.story
    }
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
            (None, Library::Asyncio | Library::Cpython) => "the loop".to_owned(),
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
    fn tell(&mut self, n: usize, record: &Record, next: Option<&Kind>) -> Option<String> {
        let by = self.actor(record.event.by);
        let queue = match self.library {
            Library::Asyncio | Library::Cpython => "it goes to the end of the ready queue",
            // Tokio's order is its own, and nothing tells it.
            Library::Tokio => "it is ready",
        };
        Some(match &record.event.kind {
            Kind::TaskCreated { task, .. } => {
                if let Some(at) = &record.event.at {
                    self.made.insert(*task, at.line);
                }
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
                match (self.begun.insert(*task), self.made.get(task)) {
                    (false, _) => format!("{name} goes on"),
                    (true, Some(line)) => format!("{name} begins; it was made at line {line}"),
                    (true, None) => format!("{name} begins"),
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
                if self.library == Library::Tokio && *outcome == Outcome::Cancelled {
                    // It may have been ready, and gets no turn any more.
                    self.change(Who::Task(*task), Change::NotReady);
                }
                self.change(Who::Task(*task), Change::WaitsNoMore);
                format!("{} {}", self.task(*task), self.ending(outcome))
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
            Kind::PromiseCreated { promise, label, until } => {
                let own = words::is_own(label);
                let (on, mut label) = lanes::promised(label, None);
                if let Some(until) = until {
                    label = format!("{label} until {}", words::time(until.0));
                }
                self.promises.insert(*promise, (on, label));
                if !own {
                    return None;
                }
                format!("{by} makes a {}", self.promises[promise].1)
            }
            Kind::PromiseDone { promise, outcome } => {
                let own = self.promises.get(promise);
                let (_, own) = own.filter(|(_, label)| words::is_own(label))?;
                match outcome {
                    Outcome::Result => format!("{by} fills the {own}"),
                    Outcome::Exception(error) => {
                        format!("{by} fills the {own} with the error “{error}”")
                    }
                    Outcome::Cancelled => format!("{by} cancels the {own}"),
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
                let when = when.0;
                self.change(Who::Callback(*callback), |item| Change::TimerSet(item, when));
                let name = self.callback(*callback);
                format!("{by} sets {name} for {}", words::time(when))
            }
            Kind::TimerFired { callback } => {
                self.change(Who::Callback(*callback), Change::TimerGone);
                self.change(Who::Callback(*callback), Change::Ready);
                let now = words::time(record.event.time.0);
                format!("it is {now}, the time of {}: {queue}", self.callback(*callback))
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
                (Some(until), Clock::Virtual) => {
                    format!("nothing is ready: the clock jumps to the next timer, {}", words::time(until.0))
                }
                (Some(until), Clock::Real) => {
                    format!("nothing is ready: the loop sleeps until {}", words::time(until.0))
                }
                (None, _) => "nothing is ready, and no timer is set: the loop waits".to_owned(),
            },
            Kind::PassEnd { pass, .. } => {
                self.changes.push(Change::Pass(pass.saturating_add(1)));
                return None;
            }
            Kind::Reported { message } => format!("the exception handler hears: “{message}”"),
            Kind::Note { text } => {
                self.changes.push(Change::Prints);
                self.story.printed.push(Printed {
                    event: n,
                    by: by.clone(),
                    time: record.event.time.0,
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

    fn ending(&self, outcome: &Outcome) -> String {
        match (outcome, self.library) {
            (Outcome::Result, _) => "is done".to_owned(),
            (Outcome::Exception(error), _) => format!("fails: “{error}”"),
            (Outcome::Cancelled, Library::Asyncio | Library::Cpython) => "ends cancelled".to_owned(),
            // Its body hears nothing of it.
            (Outcome::Cancelled, Library::Tokio) => "ends cancelled: it is dropped".to_owned(),
        }
    }

    fn awaited(&self, on: &Awaited) -> String {
        match on {
            Awaited::Task(task) => words::waiting(On::Task, &self.task(*task)),
            Awaited::Promise(promise) => match self.promises.get(promise) {
                Some((on, label)) => words::waiting(*on, label),
                None => "awaits the promise".to_owned(),
            },
            Awaited::Turn => "awaits its turn".to_owned(),
            Awaited::Foreign => words::waiting_elsewhere(self.library),
        }
    }
}

/// Says in one what a task waits for that waits for several things.
fn joined(waits: &[String]) -> String {
    let [first, others @ ..] = waits else {
        return "waits".to_owned();
    };
    let shorter = others.iter().map(|other| words::without_verb(other));
    match others.len() {
        0 => first.clone(),
        1 | 2 => {
            let all: Vec<&str> = std::iter::once(&**first).chain(shorter).collect();
            all.join(", ")
        }
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use asyncio::observe::{Kind, Queued};

    use super::*;
    use crate::recording::Trace;

    /// Follows the changes as a page does, and gives what is ready and which timers are set after so many events.
    fn after(story: &Story, events: usize) -> (Vec<Who>, Vec<Who>) {
        let mut ready = Vec::new();
        let mut timers = Vec::new();
        for moment in story.moments.iter().filter(|moment| moment.event < events) {
            for change in &moment.changes {
                match change {
                    Change::Ready(item) => ready.push(*item),
                    Change::NotReady(item) => ready.retain(|other| other != item),
                    Change::TimerSet(item, when) => timers.push((*when, *item)),
                    Change::TimerGone(item) => timers.retain(|(_, other)| other != item),
                    _ => {}
                }
            }
        }
        timers.sort_by_key(|(when, _)| *when);
        let who = |item: usize| story.items[item].who;
        let timers = timers.into_iter().map(|(_, item)| who(item));
        (ready.into_iter().map(who).collect(), timers.collect())
    }

    #[test]
    fn the_loops_own_account_of_each_pass_is_what_is_told() {
        let mut passes = 0;
        let traces = concat!(env!("CARGO_MANIFEST_DIR"), "/../../book/traces");
        for file in std::fs::read_dir(traces).unwrap() {
            let file = file.unwrap().path();
            let trace = std::fs::read_to_string(&file).unwrap();
            let trace: Trace = serde_json::from_str(&trace).unwrap();
            let on_loop = |run: &&Run| run.library != Library::Tokio;
            for run in trace.runs.iter().filter(on_loop) {
                let story = Story::of(run);
                for (n, record) in run.records.iter().enumerate() {
                    let Kind::PassEnd { ready, timers, .. } = &record.event.kind else {
                        continue;
                    };
                    let ready = ready.iter().map(|queued| match queued {
                        Queued::Task(task) => Who::Task(*task),
                        Queued::Callback(callback) => Who::Callback(*callback),
                    });
                    let timers = timers.iter().map(|timer| Who::Callback(timer.callback));
                    let account = (ready.collect(), timers.collect());
                    assert_eq!(after(&story, n), account, "{file:?}: event {n}");
                    passes += 1;
                }
            }
        }
        assert!(passes > 200);
    }
}
