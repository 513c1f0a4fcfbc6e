//! A run told moment by moment: who runs, who is ready, which timers are set, who waits for what, and a sentence for each.

use std::collections::HashMap;
use std::time::Duration;

use asyncio::observe::Actor;

use super::words;
use crate::lanes::{End, Span, State};

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

    /// The event where its lane ends. A task ends within its turn, whose block goes on to the end of the column.
    pub(super) fn ends_at(&self) -> Option<usize> {
        let (at, _) = self.end?;
        let block = self
            .spans
            .last()
            .filter(|span| span.state == State::Running);
        Some(block.map_or(at, |span| span.end.max(at)))
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
    Prints(usize, String),
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
}

/// The task or the callback that acts, if it is one.
pub(super) fn actor_item(actor: Actor) -> Option<Who> {
    match actor {
        Actor::Task(task) => Some(Who::Task(task)),
        Actor::Callback(callback) => Some(Who::Callback(callback)),
        Actor::Outside | Actor::Loop | Actor::Thread => None,
    }
}
