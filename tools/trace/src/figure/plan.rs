//! Which lanes a picture has, and which arrows lead from one to another.

use std::ops::Range;

use asyncio::observe::{Actor, Kind};

use super::shapes::Arrow;
use super::story::{Story, Who};
use crate::recording::{Library, Run};

/// The most lanes of tasks and of the program's callbacks; nobody can follow more, and a page with thousands is slow.
const MOST_LANES: usize = 200;

pub(super) struct Lane {
    pub(super) name: String,
    pub(super) items: Vec<usize>,
    pub(super) inner: bool,
}

/// An arrow from whoever acts to whoever is acted on.
pub(super) struct Hop {
    pub(super) event: usize,
    pub(super) kind: Arrow,
    /// None if it comes from outside of the picture.
    pub(super) from: Option<usize>,
    pub(super) to: usize,
    /// True if nobody runs where it begins: the loop is between two turns.
    pub(super) between_turns: bool,
}

impl Hop {
    /// Tells whether it passes a lane that it has nothing to do with.
    fn passes(&self, lane: usize) -> bool {
        let from = self.from.unwrap_or(self.to);
        from.min(self.to) < lane && lane < from.max(self.to)
    }
}

pub(super) struct Plan {
    pub(super) lanes: Vec<Lane>,
    /// For each item, the number of its lane, if it has one.
    pub(super) lane_of: Vec<Option<usize>>,
    pub(super) loop_lane: Option<usize>,
    /// That of other threads, which hand something to the loop.
    thread_lane: Option<usize>,
    /// In the order of their events.
    pub(super) hops: Vec<Hop>,
}

impl Plan {
    pub(super) fn of(run: &Run, story: &Story) -> Plan {
        let (lanes, thread_lane) = lanes(run, story);
        let mut lane_of = vec![None; story.items.len()];
        for (n, lane) in lanes.iter().enumerate() {
            lane.items.iter().for_each(|item| lane_of[*item] = Some(n));
        }
        let loop_lane = lanes.iter().position(|lane| lane.inner);
        let mut plan = Plan { lanes, lane_of, loop_lane, thread_lane, hops: Vec::new() };
        plan.hops = plan.hops(run, story);
        plan
    }

    /// The lane of whoever did something.
    pub(super) fn lane_by(&self, story: &Story, actor: Actor) -> Option<usize> {
        match actor {
            Actor::Task(task) => self.lane(story, Who::Task(task)),
            Actor::Callback(callback) => self.lane(story, Who::Callback(callback)),
            Actor::Loop => self.loop_lane,
            Actor::Thread => self.thread_lane,
            Actor::Outside => None,
        }
    }

    fn lane(&self, story: &Story, who: Who) -> Option<usize> {
        self.lane_of[story.index(who)?]
    }

    /// The events between these two whose arrows pass a lane.
    pub(super) fn passing(&self, lane: usize, events: Range<usize>) -> impl Iterator<Item = usize> {
        let first = self.hops.partition_point(|hop| hop.event < events.start);
        let hops = self.hops[first..].iter().take_while(move |hop| hop.event < events.end);
        hops.filter(move |hop| hop.passes(lane)).map(|hop| hop.event)
    }

    fn hops(&self, run: &Run, story: &Story) -> Vec<Hop> {
        let mut hops = Vec::new();
        let mut cancelled = None;
        for (n, record) in run.records.iter().enumerate() {
            let (to, kind) = match record.event.kind {
                Kind::Woken { task } if is_new(story, task, n) => (Who::Task(task), Arrow::Makes),
                Kind::Woken { task } => (Who::Task(task), Arrow::Wakes),
                Kind::CancelRequested { task, .. } => (Who::Task(task), Arrow::Cancels),
                Kind::CallbackScheduled { callback, .. } => (Who::Callback(callback), Arrow::Makes),
                Kind::TimerSet { callback, .. } => (Who::Callback(callback), Arrow::Sets),
                Kind::StepEnd { .. } | Kind::CallbackEnd { .. } => {
                    cancelled = None;
                    continue;
                }
                _ => continue,
            };
            // The wake-up by which a cancellation arrives is the same arrow.
            if cancelled == Some(to) {
                continue;
            }
            let from = self.lane_by(story, record.event.by);
            let Some(to_lane) = self.lane(story, to).filter(|lane| Some(*lane) != self.loop_lane) else {
                continue;
            };
            if from == Some(to_lane) {
                continue;
            }
            if kind == Arrow::Cancels {
                cancelled = Some(to);
            }
            let between_turns = matches!(record.event.by, Actor::Loop | Actor::Thread);
            hops.push(Hop { event: n, kind, from, to: to_lane, between_turns });
        }
        hops
    }
}

/// Tells whether the task was never ready before this event.
fn is_new(story: &Story, task: u64, event: usize) -> bool {
    let first = story.item(Who::Task(task)).and_then(|item| item.spans.first());
    first.is_some_and(|span| span.begin == event)
}

/// The lanes, and which of them is that of other threads.
fn lanes(run: &Run, story: &Story) -> (Vec<Lane>, Option<usize>) {
    let mut lanes = Vec::new();
    let mut inner = Vec::new();
    for (n, item) in story.items.iter().enumerate() {
        if !item.is_shown() {
            continue;
        }
        if story.has_own_lane(item) {
            lanes.push(Lane { name: item.name.clone(), items: vec![n], inner: false });
        } else {
            inner.push(n);
        }
    }
    if let Some(more) = lanes.len().checked_sub(MOST_LANES).filter(|more| *more > 0) {
        lanes.truncate(MOST_LANES);
        lanes.push(Lane { name: format!("and {more} more"), items: Vec::new(), inner: false });
    }
    let by_thread = run.records.iter().any(|record| record.event.by == Actor::Thread);
    let thread_lane = by_thread.then_some(lanes.len());
    if by_thread {
        lanes.push(Lane { name: "other thread".to_owned(), items: Vec::new(), inner: false });
    }
    let by_loop =
        |record: &crate::Record| matches!(record.event.kind, Kind::Woken { .. }) && record.event.by == Actor::Loop;
    if !inner.is_empty() || run.records.iter().any(by_loop) {
        let name = match run.library {
            Library::Asyncio | Library::Cpython if story.callbacks_share => "callbacks",
            Library::Asyncio | Library::Cpython => "the loop",
            Library::Tokio => "Tokio",
        };
        lanes.push(Lane { name: name.to_owned(), items: inner, inner: true });
    }
    (lanes, thread_lane)
}
