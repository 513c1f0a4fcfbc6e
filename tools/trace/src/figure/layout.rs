//! Where each event stands from left to right.
//!
//! A turn, one step of a task or one callback, has a column; between two moments there is a gap for the time that passes.
//! Where a wait is too short for the text that says what for, the turn in which it ends is wider.

use asyncio::observe::Kind;

use super::plan::Plan;
use super::story::{Item, Story, Who};
use super::words;
use crate::lanes::Span;
use crate::recording::{Clock, Run};

/// The width of a character of a label.
pub(super) const CHAR: f64 = 6.1;
/// How wide the picture is, if its turns fit in.
const ROOM: f64 = 600.0;
/// The widest gap, so that a long sleep does not push the rest out of sight.
const WIDEST_GAP: f64 = 200.0;
/// The room that a gap should have, if the turns leave it.
const USUAL_GAP: f64 = 56.0;
/// The room behind the end of a lane for its mark.
const MARK: f64 = 16.0;
/// The room behind the last event of what is cut short: what somebody waits for then is what a reader looks for.
const TAIL: f64 = 120.0;
/// How far behind an arrow that passes a text may begin.
const BESIDE: f64 = 4.0;
/// Narrower columns have no room for marks and numbers.
const LEGIBLE: f64 = 14.0;

struct Turn {
    begin: usize,
    end: usize,
    /// The room before it, for the arrows of what happens between two turns.
    lead: f64,
    x: f64,
    width: f64,
}

impl Turn {
    fn start(&self) -> f64 {
        self.x - self.lead
    }

    fn end_x(&self) -> f64 {
        self.x + self.width
    }
}

/// A moment of the axis: where it begins, and how much time passes afterwards.
pub(super) struct Tick {
    pub(super) x: f64,
    pub(super) label: String,
}

pub(super) struct Gap {
    /// The turn before it.
    after: usize,
    pub(super) x: f64,
    pub(super) width: f64,
    pub(super) label: String,
}

pub(super) struct Pass {
    pub(super) number: u64,
    pub(super) x: f64,
    pub(super) width: f64,
}

pub(super) struct Layout {
    /// For each event, its place.
    pub(super) x: Vec<f64>,
    pub(super) ticks: Vec<Tick>,
    pub(super) gaps: Vec<Gap>,
    pub(super) passes: Vec<Pass>,
    pub(super) width: f64,
    /// True if there is room for marks and numbers.
    pub(super) legible: bool,
}

impl Layout {
    pub(super) fn of(run: &Run, story: &Story, plan: &Plan) -> Layout {
        let mut turns = turns(run, story);
        let base = (ROOM - USUAL_GAP * jumps(run, &turns) as f64) / turns.len().max(1) as f64;
        let base = base.clamp((ROOM / turns.len().max(1) as f64).clamp(3.0, 20.0), 34.0);
        let legible = base >= LEGIBLE;
        let room = |n: usize| room_for(story, &run.records[n].event.kind, legible);
        let mut before = 0;
        for turn in &mut turns {
            let marks: f64 = (turn.begin..turn.end).map(room).sum();
            turn.width = base.max(marks + if legible { 10.0 } else { 0.0 });
            turn.lead = (before..turn.begin).map(room).sum();
            before = turn.end + 1;
        }
        let mut gaps = place(run, &mut turns);
        let mut width = turns.last().map_or(0.0, Turn::end_x);
        let mut x = events(run, story, &turns, width, legible);
        if legible {
            width += widen(&widenings(story, plan, &x), &mut x, &mut turns, &mut gaps);
        }
        let is_cut = story.items.iter().any(Item::is_cut);
        let tail = if is_cut { TAIL } else { 0.0 };
        Layout {
            ticks: ticks(run, &turns),
            passes: passes(run, &turns),
            width: width.max(marks_end(story, &x, width)) + tail,
            x,
            gaps,
            legible,
        }
    }

    /// The places where the text of a wait has room, from left to right: between the arrows that pass its lane.
    pub(super) fn rooms(&self, plan: &Plan, lane: usize, item: &Item, wait: &Span) -> Vec<(f64, f64)> {
        rooms(plan, lane, item, wait, |event| self.x_at(event))
    }

    /// The right edge of a span that ends with this event.
    pub(super) fn x_at(&self, event: usize) -> f64 {
        self.x.get(event).copied().unwrap_or(self.width)
    }
}

/// The marks of those that end last must not be cut off.
fn marks_end(story: &Story, x: &[f64], width: f64) -> f64 {
    let ends = |item: &Item| {
        let at = item.ends_at()?;
        Some(x.get(at).copied().unwrap_or(width) + MARK)
    };
    story.items.iter().filter_map(ends).fold(0.0, f64::max)
}

fn turns(run: &Run, story: &Story) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for (n, record) in run.records.iter().enumerate() {
        match record.event.kind {
            Kind::StepBegin { .. } => {}
            Kind::CallbackBegin { callback } => {
                if story.item(Who::Callback(callback)).is_some_and(|item| !item.is_shown()) {
                    break;
                }
            }
            Kind::StepEnd { .. } | Kind::CallbackEnd { .. } => {
                if let Some(turn) = turns.last_mut() {
                    turn.end = n;
                }
                continue;
            }
            _ => continue,
        }
        // A step within a step, as Tokio's wrapped futures have, ends the outer column.
        if let Some(turn) = turns.last_mut() {
            turn.end = turn.end.min(n);
        }
        turns.push(Turn { begin: n, end: usize::MAX, lead: 0.0, x: 0.0, width: 0.0 });
    }
    if let Some(turn) = turns.last_mut() {
        turn.end = turn.end.min(run.records.len() - 1);
    }
    turns
}

/// The room that an event takes within its turn: for a number, or for an arrow.
fn room_for(story: &Story, kind: &Kind, legible: bool) -> f64 {
    let own = |callback: u64| {
        let item = story.item(Who::Callback(callback));
        item.is_some_and(Item::is_own_callback)
    };
    match kind {
        _ if !legible => 0.0,
        Kind::Note { .. } => 20.0,
        Kind::Woken { .. } | Kind::CancelRequested { .. } => 10.0,
        Kind::CallbackScheduled { callback, .. } | Kind::TimerSet { callback, .. } if own(*callback) => 9.0,
        _ => 0.0,
    }
}

/// Counts how often time passes between two turns, as far as a picture can show it.
fn jumps(run: &Run, turns: &[Turn]) -> usize {
    let time = |turn: &Turn| run.records[turn.begin].event.time.0;
    match run.clock {
        Clock::Virtual => {
            let pairs = turns.windows(2);
            pairs.filter(|pair| time(&pair[0]) < time(&pair[1])).count()
        }
        // Every turn has its own moment there, and most of them are too near to be told apart.
        Clock::Real => 0,
    }
}

/// Gives the turns their places, and the gaps between them.
fn place(run: &Run, turns: &mut [Turn]) -> Vec<Gap> {
    let time = |turn: &Turn| run.records[turn.begin].event.time.0;
    let whole = match (turns.first(), turns.last()) {
        (Some(first), Some(last)) => time(last).saturating_sub(time(first)).as_secs_f64(),
        _ => return Vec::new(),
    };
    let least = match run.clock {
        Clock::Virtual => 36.0,
        Clock::Real => 0.0,
    };
    let columns: f64 = turns.iter().map(|turn| turn.lead + turn.width).sum();
    let spare = (ROOM - columns - least * jumps(run, turns) as f64).max(0.0);
    let mut gaps = Vec::new();
    let mut x = 0.0;
    for n in 0..turns.len() {
        if n > 0 {
            let (before, now) = (time(&turns[n - 1]), time(&turns[n]));
            // Only in a record that its program has forged does time go back.
            let passed = now.saturating_sub(before);
            if !passed.is_zero() {
                let share = spare * passed.as_secs_f64() / whole;
                let width = (least + share).min(WIDEST_GAP);
                gaps.push(Gap { after: n - 1, x, width, label: words::time(passed) });
                x += width;
            }
        }
        turns[n].x = x + turns[n].lead;
        x = turns[n].end_x();
    }
    gaps
}

fn events(run: &Run, story: &Story, turns: &[Turn], width: f64, legible: bool) -> Vec<f64> {
    let room = |event: usize| room_for(story, &run.records[event].event.kind, legible);
    let mut places = Vec::with_capacity(run.records.len());
    let mut before = 0.0;
    for turn in turns {
        // What happens between two turns stands before the later one; but the loop waits where the earlier one ended.
        let mut x = turn.start();
        for event in places.len()..turn.begin {
            let record = &run.records[event].event;
            let waits = matches!(record.kind, Kind::LoopWaits { .. } | Kind::PassEnd { .. });
            places.push(if waits { before } else { x + room(event) / 2.0 });
            x += room(event);
        }
        let inside = turn.begin..=turn.end;
        let marks: f64 = inside.clone().map(room).sum();
        x = turn.x + (turn.width - marks) / 2.0;
        before = turn.end_x();
        places.extend(inside.map(|event| {
            x += room(event);
            match event {
                _ if event == turn.begin => turn.x,
                _ if event == turn.end => before,
                _ => x - room(event) / 2.0,
            }
        }));
    }
    places.resize(run.records.len(), width);
    places
}

fn rooms(plan: &Plan, lane: usize, item: &Item, wait: &Span, x: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
    let end = item.text_ends(wait);
    let mut begin = x(wait.begin) + label_begins(item);
    let mut rooms = Vec::new();
    for event in plan.passing(lane, wait.begin..end) {
        rooms.push((begin, x(event)));
        begin = x(event) + BESIDE;
    }
    rooms.push((begin, x(end)));
    rooms
}

/// For each event, how much room must be made before it, so that the wait that ends there has room for its text.
fn widenings(story: &Story, plan: &Plan, x: &[f64]) -> Vec<f64> {
    let mut waits: Vec<(usize, &Item, &Span, f64)> = Vec::new();
    for (item, lane) in story.items.iter().zip(&plan.lane_of) {
        let Some(lane) = lane.filter(|_| story.has_own_lane(item)) else {
            continue;
        };
        for span in item.spans.iter().filter(|span| span.end < x.len()) {
            if let Some(text) = story.waiting(span) {
                waits.push((lane, item, span, room_of(&words::short_wait(text))));
            }
        }
    }
    // What is made before the end of one wait does not change those that ended earlier.
    waits.sort_by_key(|(_, item, span, _)| item.text_ends(span));
    let mut made = vec![0.0; x.len()];
    for (lane, item, span, least) in waits {
        let moved = |event: usize| x[event] + made[..=event].iter().sum::<f64>();
        let rooms = rooms(plan, lane, item, span, moved);
        let widths: Vec<f64> = rooms.iter().map(|(begin, end)| end - begin).collect();
        // If it has room nowhere, then in the last of its places.
        if let (true, Some(width)) = (widths.iter().all(|width| *width < least), widths.last()) {
            made[item.text_ends(span)] += least - width;
        }
    }
    made
}

/// Moves everything to the right that stands behind the room that is made; gives how much there is of it.
fn widen(made: &[f64], x: &mut [f64], turns: &mut [Turn], gaps: &mut [Gap]) -> f64 {
    let mut sum = 0.0;
    let moved: Vec<f64> = made
        .iter()
        .map(|room| {
            sum += room;
            sum
        })
        .collect();
    x.iter_mut().zip(&moved).for_each(|(x, by)| *x += by);
    for gap in gaps {
        gap.x += moved[turns[gap.after].end];
    }
    let mut before = 0.0;
    for turn in turns {
        turn.x += moved[turn.begin];
        turn.lead += moved[turn.begin] - before;
        turn.width += moved[turn.end] - moved[turn.begin];
        before = moved[turn.end];
    }
    sum
}

fn ticks(run: &Run, turns: &[Turn]) -> Vec<Tick> {
    let mut ticks: Vec<Tick> = Vec::new();
    let mut free = f64::MIN;
    for turn in turns {
        let label = words::time(run.records[turn.begin].event.time.0);
        let new = ticks.last().is_none_or(|last| last.label != label);
        let x = turn.start();
        if new && x >= free {
            free = x + 8.0 + 6.5 * label.chars().count() as f64;
            ticks.push(Tick { x, label });
        }
    }
    ticks
}

fn passes(run: &Run, turns: &[Turn]) -> Vec<Pass> {
    let mut passes: Vec<Pass> = Vec::new();
    let mut turns = turns.iter().peekable();
    for (n, record) in run.records.iter().enumerate() {
        let Kind::PassEnd { pass, .. } = record.event.kind else {
            continue;
        };
        let mut bounds: Option<(f64, f64)> = None;
        while let Some(turn) = turns.next_if(|turn| turn.begin < n) {
            let begin = bounds.map_or(turn.start(), |(begin, _)| begin);
            bounds = Some((begin, turn.end_x()));
        }
        passes.extend(bounds.map(|(x, end)| Pass { number: pass, x, width: end - x }));
    }
    passes
}

/// How far behind the beginning of a wait its text stands: behind the clock, if it is a timer's.
pub(super) fn label_begins(item: &Item) -> f64 {
    if item.is_own_callback() { 8.0 } else { 3.0 }
}

/// The room of a text, and of the head of the arrow that ends the wait.
pub(super) fn room_of(text: &str) -> f64 {
    CHAR * text.chars().count() as f64 + 7.0
}
