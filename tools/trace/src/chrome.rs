//! Chrome's trace format: a process per run, a lane per task, an arrow from whoever wakes a task to the step that follows.
//!
//! On a virtual clock steps take no time, so each event takes one microsecond at least: the order stays visible.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use asyncio::observe::{Actor, Kind};

use crate::json;
use crate::lanes::{self, Lane, State};
use crate::recording::{Clock, Run, Trace};

/// The lane of the loop and its callbacks; tasks are numbered from 1.
const LOOP: u64 = 0;

impl Trace {
    /// Gives the JSON of Chrome's trace format, which <https://ui.perfetto.dev> opens.
    pub fn to_chrome(&self) -> String {
        of(self)
    }
}

fn of(trace: &Trace) -> String {
    let mut arrows = 0;
    let events: Vec<String> =
        (1..).zip(&trace.runs).flat_map(|(process, run)| Writer::new(process, run, &mut arrows).write()).collect();
    format!("{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n{}\n]}}\n", events.join(",\n"))
}

struct Writer<'a> {
    process: u64,
    run: &'a Run,
    arrows: &'a mut u64,
    events: Vec<String>,
}

/// Gives each event its time in nanoseconds, later than the one before.
fn times(run: &Run) -> Vec<u64> {
    let tick = match run.clock {
        Clock::Virtual => 1_000,
        Clock::Real => 1,
    };
    let mut last = 0;
    run.records
        .iter()
        .map(|record| {
            last = nanoseconds(record.event.time.0).max(last + tick);
            last
        })
        .collect()
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn lane_of(actor: Actor) -> u64 {
    match actor {
        Actor::Task(task) => task,
        Actor::Callback(_) | Actor::Loop | Actor::Outside | Actor::Thread => LOOP,
    }
}

impl<'a> Writer<'a> {
    fn new(process: u64, run: &'a Run, arrows: &'a mut u64) -> Self {
        Writer { process, run, arrows, events: Vec::new() }
    }

    /// Writes an event of a phase; `rest` is its further fields.
    fn push(&mut self, phase: &str, lane: u64, time: u64, rest: &str) {
        let (process, micros) = (self.process, format!("{}.{:03}", time / 1_000, time % 1_000));
        self.events.push(format!("{{\"ph\":\"{phase}\",\"pid\":{process},\"tid\":{lane},\"ts\":{micros}{rest}}}"));
    }

    fn begin(&mut self, lane: u64, time: u64, name: &str, category: &str) {
        let rest = format!(",\"name\":{},\"cat\":\"{category}\"", json::text(&name));
        self.push("B", lane, time, &rest);
    }

    fn name(&mut self, what: &str, lane: u64, name: &str) {
        let rest = format!(",\"name\":\"{what}\",\"args\":{{\"name\":{}}}", json::text(&name));
        self.push("M", lane, 0, &rest);
    }

    fn write(mut self) -> Vec<String> {
        let lanes = lanes::of(self.run);
        let times = times(self.run);
        let title = self.run.title.clone();
        self.name("process_name", LOOP, &title);
        self.name("thread_name", LOOP, "loop and callbacks");
        for lane in &lanes {
            self.name("thread_name", lane.task, &lane.name);
        }
        let end = times.last().map_or(0, |last| last + 1_000);
        let time_of = |n: usize| times.get(n).copied().unwrap_or(end);
        // What begins and ends at the same event ends first.
        let mut changes: Vec<(usize, bool, &Lane, usize)> = Vec::new();
        for lane in &lanes {
            for (s, span) in lane.spans.iter().enumerate() {
                changes.push((span.begin, true, lane, s));
                changes.push((span.end, false, lane, s));
            }
        }
        changes.sort_by_key(|(n, begins, lane, _)| (*n, *begins, lane.task));
        let mut changes = changes.into_iter().peekable();
        let woken = self.wakes_with_a_step();
        let mut arrows: HashMap<u64, u64> = HashMap::new();
        let mut callbacks: HashMap<u64, &str> = HashMap::new();
        for n in 0..=self.run.records.len() {
            let time = time_of(n);
            while let Some((_, begins, lane, s)) = changes.next_if(|change| change.0 == n) {
                if !begins {
                    self.push("E", lane.task, time, "");
                    continue;
                }
                match &lane.spans[s].state {
                    State::Ready => self.begin(lane.task, time, "ready", "ready"),
                    State::Running => {
                        let record = self.run.records.get(n);
                        let name = match record.and_then(|record| record.thread.as_deref()) {
                            Some(thread) => format!("runs on {thread}"),
                            None => "runs".to_owned(),
                        };
                        self.begin(lane.task, time, &name, "step");
                    }
                    State::Waiting { label, .. } => {
                        self.begin(lane.task, time, &format!("awaits {label}"), "wait");
                    }
                }
            }
            let Some(record) = self.run.records.get(n) else {
                break;
            };
            self.write_event(time, &record.event.kind, record.event.by, &mut callbacks);
            match record.event.kind {
                Kind::Woken { task } if woken.contains(&n) => {
                    self.wake(record.event.by, time);
                    arrows.insert(task, *self.arrows);
                }
                Kind::StepBegin { task } => {
                    if let Some(arrow) = arrows.remove(&task) {
                        let rest = format!(",\"name\":\"wakes\",\"cat\":\"wake\",\"id\":{arrow},\"bp\":\"e\"");
                        self.push("f", task, time, &rest);
                    }
                }
                _ => {}
            }
            let ended = |lane: &Lane| Some((lane.task, lane.end.filter(|(at, _)| *at == n)?.1));
            if let Some((task, end)) = lanes.iter().find_map(ended) {
                self.mark(task, time, end.name());
            }
        }
        self.events
    }

    /// Finds the wake-ups that a step follows: an arrow needs both its ends.
    fn wakes_with_a_step(&self) -> HashSet<usize> {
        let mut last: HashMap<u64, usize> = HashMap::new();
        let mut found = HashSet::new();
        for (n, record) in self.run.records.iter().enumerate() {
            match record.event.kind {
                Kind::Woken { task } => {
                    last.insert(task, n);
                }
                Kind::StepBegin { task } => found.extend(last.remove(&task)),
                _ => {}
            }
        }
        found
    }

    /// Begins an arrow on the lane of whoever wakes. Arrows bind to slices, and the loop itself has none until it gets one here.
    fn wake(&mut self, by: Actor, time: u64) {
        *self.arrows += 1;
        let rest = format!(",\"name\":\"wakes\",\"cat\":\"wake\",\"id\":{}", self.arrows);
        let own = match by {
            Actor::Loop => Some("loop"),
            Actor::Outside => Some("outside"),
            Actor::Thread => Some("another thread"),
            Actor::Task(_) | Actor::Callback(_) => None,
        };
        if let Some(name) = own {
            self.begin(LOOP, time, name, "loop");
        }
        self.push("s", lane_of(by), time, &rest);
        if own.is_some() {
            self.push("E", LOOP, time + 1, "");
        }
    }

    fn mark(&mut self, lane: u64, time: u64, text: &str) {
        let rest = format!(",\"name\":{},\"s\":\"t\"", json::text(&text));
        self.push("i", lane, time, &rest);
    }

    fn write_event(&mut self, time: u64, kind: &'a Kind, by: Actor, names: &mut HashMap<u64, &'a str>) {
        match kind {
            Kind::CallbackScheduled { callback, name } | Kind::TimerSet { callback, name, .. } => {
                names.insert(*callback, name);
            }
            Kind::CallbackBegin { callback } => {
                let name = names.get(callback).copied().unwrap_or("callback");
                self.begin(LOOP, time, name, "callback");
            }
            Kind::CallbackEnd { .. } => self.push("E", LOOP, time, ""),
            Kind::QueuePut { queue, len } | Kind::QueueGet { queue, len } => {
                let rest = format!(",\"name\":\"queue {queue}\",\"args\":{{\"items\":{len}}}");
                self.push("C", LOOP, time, &rest);
            }
            Kind::Note { text } | Kind::Reported { message: text } => {
                self.mark(lane_of(by), time, text);
            }
            Kind::CancelRequested { task, .. } => self.mark(*task, time, "asked to end"),
            Kind::CancelDelivered { task } => self.mark(*task, time, "sees its cancellation"),
            _ => {}
        }
    }
}
