//! A run told moment by moment: who runs, who is ready, which timers are set, who waits for what, and a sentence for each.

use std::collections::HashMap;
use std::time::Duration;

use asyncio::observe::Actor;

use super::words;
use crate::lanes::{End, Span, State};

/// With more callbacks than this, the program's share a lane with the library's.
pub(super) const MOST_CALLBACKS: usize = 8;

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
    /// The events with which it was asked to end.
    pub(super) asked: Vec<usize>,
}

impl Item {
    /// Tells whether a picture shows it.
    pub(super) fn is_shown(&self) -> bool {
        !(self.inner && self.name == words::END_OF_RUN)
    }

    /// The event where its lane ends. A task ends within its turn, whose block goes on to the end of the column.
    pub(super) fn ends_at(&self) -> Option<usize> {
        let (at, _) = self.end?;
        let block = self.spans.last().filter(|span| span.state == State::Running);
        Some(block.map_or(at, |span| span.end.max(at)))
    }

    /// The event before which the text of a wait ends, because an arrow points there.
    pub(super) fn text_ends(&self, wait: &Span) -> usize {
        let mut asked = self.asked.iter().copied();
        let first = asked.find(|at| (wait.begin..wait.end).contains(at));
        first.unwrap_or(wait.end)
    }

    /// Tells whether it is a task that is not over when the recording ends.
    pub(super) fn is_cut(&self) -> bool {
        matches!(self.who, Who::Task(_)) && self.end.is_none()
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
    Prints,
}

/// A place where a reader can stop: an event that can be seen, with those before it that cannot.
pub(super) struct Moment {
    /// The number of the event.
    pub(super) event: usize,
    pub(super) time: Duration,
    pub(super) line: Option<u32>,
    /// Where its task was made, as long as it was at no other line.
    pub(super) made: Option<u32>,
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
    /// Whether the program's callbacks are so many that they share a lane with the library's.
    pub(super) callbacks_share: bool,
    pub(super) moments: Vec<Moment>,
    pub(super) printed: Vec<Printed>,
    /// What a task waits for after the step that ends with this event.
    pub(super) waits: HashMap<usize, String>,
}

impl Story {
    pub(super) fn index(&self, who: Who) -> Option<usize> {
        self.places.get(&who).copied()
    }

    pub(super) fn item(&self, who: Who) -> Option<&Item> {
        self.index(who).map(|item| &self.items[item])
    }

    /// Tells whether a picture shows it in a lane of its own.
    pub(super) fn has_own_lane(&self, item: &Item) -> bool {
        let shares = item.inner || item.is_own_callback() && self.callbacks_share;
        item.is_shown() && !shares
    }

    /// What somebody waits for in this span, if it is a wait.
    pub(super) fn waiting<'a>(&'a self, span: &'a Span) -> Option<&'a str> {
        match &span.state {
            State::Waiting { label, .. } => Some(self.waits.get(&span.begin).unwrap_or(label)),
            State::Ready | State::Running => None,
        }
    }
}

/// The task or the callback that acts, if it is one.
pub(super) fn actor_item(actor: Actor) -> Option<Who> {
    match actor {
        Actor::Task(task) => Some(Who::Task(task)),
        Actor::Callback(callback) => Some(Who::Callback(callback)),
        Actor::Outside | Actor::Loop | Actor::Thread => None,
    }
}
