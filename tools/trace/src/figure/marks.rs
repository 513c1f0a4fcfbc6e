//! What connects the lanes and ends them: arrows, marks, and the numbers of the lines of output.

use std::fmt::Write;

use super::drawing::{BLOCK, CUT, Drawing, middle};
use super::shapes::{Arrow, Arrows, Px, cut, mark};

impl Drawing<'_> {
    /// An arrow begins in the turn that acts. A cancellation is written beside its own.
    pub(super) fn arrows(&mut self) {
        let mut arrows = Arrow::ALL.map(Arrows::new);
        for hop in &self.plan.hops {
            let x = self.layout.x[hop.event];
            let down = hop.from.is_none_or(|from| from < hop.to);
            let sign = if down { 1.0 } else { -1.0 };
            let tip = middle(hop.to) - 7.0 * sign;
            let from = hop.from.map_or(tip - 12.0, |from| middle(from) + (BLOCK - 1.0) * sign);
            let arrows = &mut arrows[hop.kind as usize];
            if hop.between_turns {
                arrows.push_dot(x, from);
            }
            arrows.push(x, from, tip);
            if hop.kind == Arrow::Cancels {
                let y = middle(hop.to) + if down { -15.0 } else { 23.0 };
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
        for (item, lane) in self.story.items.iter().zip(&self.plan.lane_of) {
            if let (true, Some(lane)) = (item.is_cut(), lane) {
                let mark = cut(self.layout.width + CUT, middle(*lane));
                self.svg.push_str(&mark);
            }
            let (Some((_, end)), Some(at), Some(lane)) = (item.end, item.ends_at(), lane) else {
                continue;
            };
            if Some(*lane) == self.plan.loop_lane {
                continue;
            }
            let (x, y) = (self.layout.x_at(at) + 11.0, middle(*lane));
            self.svg.push_str(&mark(end, x, y));
        }
        if self.layout.legible {
            for (n, printed) in self.story.printed.iter().enumerate() {
                let Some(lane) = self.plan.lane_by(self.story, self.run.records[printed.event].event.by) else {
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
