//! What connects the lanes and ends them: arrows, marks, and the numbers of the lines of output.

use std::fmt::Write;

use asyncio::observe::{Actor, Kind};

use super::story::Who;
use super::svg::{BLOCK, CUT, Drawing, Px, middle};
use crate::lanes::End;

/// What an arrow says that somebody does to another. Each kind has a head of its own.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Arrow {
    /// Makes a task or schedules a callback, so that it is ready for the first time.
    Makes,
    /// Sets a timer, so that its callback waits for its time.
    Sets,
    /// Makes ready what waited.
    Wakes,
    /// Asks a task to end.
    Cancels,
}

impl Arrow {
    pub(super) const ALL: [Arrow; 4] = [Arrow::Makes, Arrow::Sets, Arrow::Wakes, Arrow::Cancels];

    fn class(self) -> &'static str {
        match self {
            Arrow::Makes => "trace-makes",
            Arrow::Sets => "trace-sets",
            Arrow::Wakes => "trace-wakes",
            Arrow::Cancels => "trace-asks",
        }
    }
}

/// Arrows of one kind: all their lines are one path, and all their heads another.
pub(super) struct Arrows {
    kind: Arrow,
    lines: String,
    heads: String,
}

impl Arrows {
    pub(super) fn new(kind: Arrow) -> Arrows {
        Arrows {
            kind,
            lines: String::new(),
            heads: String::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds one that points up or down: at a square with a plus, a clock, a triangle or a cross.
    pub(super) fn push(&mut self, x: f64, from: f64, tip: f64) {
        let sign = (tip - from).signum();
        let length = match self.kind {
            Arrow::Makes | Arrow::Sets => 9.0,
            Arrow::Wakes | Arrow::Cancels => 7.0,
        };
        let (x, end) = (Px(x), tip - length * sign);
        let middle = Px((tip + end) / 2.0);
        let _ = write!(self.lines, "M{x} {}V{}", Px(from), Px(end));
        let _ = match self.kind {
            Arrow::Makes => write!(
                self.heads,
                "M{x} {middle}m-4.5 -4.5h9v9h-9zM{x} {middle}m-.8 -3h1.6v2.2h2.2v1.6h-2.2v2.2h-1.6v-2.2h-2.2v-1.6h2.2z"
            ),
            Arrow::Sets => write!(
                self.lines,
                "M{x} {middle}m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0m4.5 -3v3h2.5"
            ),
            Arrow::Wakes => write!(self.heads, "M{x} {}l-4 {}h8z", Px(tip), Px(-length * sign)),
            Arrow::Cancels => write!(
                self.heads,
                "M{x} {middle}m0 -1.5l2.5 -2.5l1.5 1.5l-2.5 2.5l2.5 2.5l-1.5 1.5l-2.5 -2.5l-2.5 2.5l-1.5 -1.5l2.5 -2.5l-2.5 -2.5l1.5 -1.5z"
            ),
        };
    }

    /// Adds the dot where one begins while the loop is between two turns, so that no block stands there.
    pub(super) fn push_dot(&mut self, x: f64, y: f64) {
        self.heads.push_str(&dot(x, y));
    }

    pub(super) fn svg(&self) -> String {
        format!(
            "<g class=\"trace-arrows {}\"><path d=\"{}\"/><path class=\"trace-heads\" d=\"{}\"/></g>",
            self.kind.class(),
            self.lines,
            self.heads
        )
    }
}

/// The outline of a dot.
pub(super) fn dot(x: f64, y: f64) -> String {
    format!("M{} {}m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0", Px(x), Px(y))
}

impl Drawing<'_> {
    /// The lane of whoever did something.
    fn lane_by(&self, actor: Actor) -> Option<usize> {
        match actor {
            Actor::Task(task) => self.lane(Who::Task(task)),
            Actor::Callback(callback) => self.lane(Who::Callback(callback)),
            Actor::Loop | Actor::Thread => self.loop_lane,
            Actor::Outside => None,
        }
    }

    fn lane(&self, who: Who) -> Option<usize> {
        self.lane_of[self.story.index(who)?]
    }

    /// Tells whether the task was never ready before this event.
    fn is_new(&self, task: u64, event: usize) -> bool {
        let first = self
            .story
            .item(Who::Task(task))
            .and_then(|item| item.spans.first());
        first.is_some_and(|span| span.begin == event)
    }

    /// An arrow from whoever acts to whoever is acted on; it begins in the turn that does so. A cancellation is written beside its own.
    pub(super) fn arrows(&mut self) {
        let mut arrows = Arrow::ALL.map(Arrows::new);
        let [makes, sets, wakes, cancels] = &mut arrows;
        let mut cancelled = None;
        for (n, record) in self.run.records.iter().enumerate() {
            let (to, arrows) = match record.event.kind {
                Kind::Woken { task } if self.is_new(task, n) => (Who::Task(task), &mut *makes),
                Kind::Woken { task } => (Who::Task(task), &mut *wakes),
                Kind::CancelRequested { task, .. } => (Who::Task(task), &mut *cancels),
                Kind::CallbackScheduled { callback, .. } => (Who::Callback(callback), &mut *makes),
                Kind::TimerSet { callback, .. } => (Who::Callback(callback), &mut *sets),
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
            let (by, to_lane) = (self.lane_by(record.event.by), self.lane(to));
            let Some(to_lane) = to_lane.filter(|lane| Some(*lane) != self.loop_lane) else {
                continue;
            };
            if by == Some(to_lane) {
                continue;
            }
            let x = self.layout.x[n];
            let down = by.is_none_or(|by| by < to_lane);
            let sign = if down { 1.0 } else { -1.0 };
            let tip = middle(to_lane) - 7.0 * sign;
            let from = by.map_or(tip - 12.0, |by| middle(by) + (BLOCK - 1.0) * sign);
            if matches!(record.event.by, Actor::Loop | Actor::Thread) {
                self.used.outside = true;
                arrows.push_dot(x, from);
            }
            arrows.push(x, from, tip);
            if arrows.kind == Arrow::Cancels {
                cancelled = Some(to);
                let y = middle(to_lane) + if down { -15.0 } else { 23.0 };
                let _ = write!(
                    self.labels,
                    "<text class=\"trace-cancels\" x=\"{}\" y=\"{}\">cancel</text>",
                    Px(x + 5.0),
                    Px(y)
                );
            }
        }
        for arrows in arrows.iter().filter(|arrows| !arrows.is_empty()) {
            self.used.arrows.push(arrows.kind);
            let _ = writeln!(self.svg, "{}", arrows.svg());
        }
    }

    /// The ends of the lanes, and the numbers of the lines of output.
    pub(super) fn marks(&mut self) {
        for (item, lane) in self.story.items.iter().zip(&self.lane_of) {
            if let (true, Some(lane)) = (item.is_cut(), lane) {
                self.used.cut = true;
                let mark = cut(self.layout.width + CUT, middle(*lane));
                let _ = write!(self.svg, "{mark}");
            }
            let (Some((_, end)), Some(at), Some(lane)) = (item.end, item.ends_at(), lane) else {
                continue;
            };
            if Some(*lane) == self.loop_lane {
                continue;
            }
            if !self.used.ends.contains(&end) {
                self.used.ends.push(end);
            }
            let (x, y) = (self.layout.x_at(at) + 11.0, middle(*lane));
            let _ = write!(
                self.svg,
                "<g class=\"trace-end {}\">{}</g>",
                class(end),
                mark(end, x, y)
            );
        }
        if self.layout.legible {
            for (n, printed) in self.story.printed.iter().enumerate() {
                let Some(lane) = self.lane_by(self.run.records[printed.event].event.by) else {
                    continue;
                };
                self.used.prints = true;
                let (x, y) = (self.layout.x[printed.event], middle(lane));
                let _ = write!(
                    self.svg,
                    "<g class=\"trace-print\"><circle cx=\"{0}\" cy=\"{1}\" r=\"8.5\"/><text x=\"{0}\" y=\"{2}\" text-anchor=\"middle\">{3}</text></g>",
                    Px(x),
                    Px(y),
                    Px(y + 4.0),
                    n + 1
                );
            }
        }
        self.svg.push('\n');
    }
}

/// Draws that somebody was not over when the recording ended: two strokes, where a line is broken off.
pub(super) fn cut(x: f64, y: f64) -> String {
    let (x, y) = (Px(x), Px(y));
    format!("<path class=\"trace-cut\" d=\"M{x} {y}m-6 9l6 -18m3 0l-6 18\"/>")
}

fn class(end: End) -> &'static str {
    match end {
        End::Done => "trace-done",
        End::Failed => "trace-failed",
        End::Cancelled => "trace-cancelled",
        End::Dropped => "trace-dropped",
    }
}

/// Draws how somebody ended: a circle with a tick, a triangle with an exclamation mark, a square with a cross, an empty circle.
pub(super) fn mark(end: End, x: f64, y: f64) -> String {
    let (x, y) = (Px(x), Px(y));
    match end {
        End::Done => {
            format!(
                "<path d=\"M{x} {y}m-8 0a8 8 0 1 0 16 0a8 8 0 1 0 -16 0\"/><path class=\"trace-sign\" d=\"M{x} {y}m-4 0l3 3.5l5 -6.5\"/>"
            )
        }
        End::Failed => {
            format!(
                "<path d=\"M{x} {y}m0 -10l10 17h-20z\"/><path class=\"trace-sign\" d=\"M{x} {y}m0 -4v5m0 2v1.5\"/>"
            )
        }
        End::Cancelled => {
            format!(
                "<path d=\"M{x} {y}m-8 -8h16v16h-16z\"/><path class=\"trace-sign\" d=\"M{x} {y}m-4 -4l8 8m0 -8l-8 8\"/>"
            )
        }
        End::Dropped => {
            format!("<path d=\"M{x} {y}m-7 0a7 7 0 1 0 14 0a7 7 0 1 0 -14 0\"/>")
        }
    }
}
