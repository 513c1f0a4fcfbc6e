//! What connects the lanes and ends them: arrows, marks, and the numbers of the lines of output.

use std::fmt::Write;

use asyncio::observe::{Actor, Kind};

use super::drawing::{BLOCK, CUT, Drawing, middle};
use super::shapes::{Arrow, Arrows, Px, cut, mark};
use super::story::Who;

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
        let first = self.story.item(Who::Task(task)).and_then(|item| item.spans.first());
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
            let _ = writeln!(self.svg, "{}", arrows.svg());
        }
    }

    /// The ends of the lanes, and the numbers of the lines of output.
    pub(super) fn marks(&mut self) {
        for (item, lane) in self.story.items.iter().zip(&self.lane_of) {
            if let (true, Some(lane)) = (item.is_cut(), lane) {
                let mark = cut(self.layout.width + CUT, middle(*lane));
                self.svg.push_str(&mark);
            }
            let (Some((_, end)), Some(at), Some(lane)) = (item.end, item.ends_at(), lane) else {
                continue;
            };
            if Some(*lane) == self.loop_lane {
                continue;
            }
            let (x, y) = (self.layout.x_at(at) + 11.0, middle(*lane));
            self.svg.push_str(&mark(end, x, y));
        }
        if self.layout.legible {
            for (n, printed) in self.story.printed.iter().enumerate() {
                let Some(lane) = self.lane_by(self.run.records[printed.event].event.by) else {
                    continue;
                };
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
