//! Draws the lanes of a picture: names, axis, who runs, who is ready, and who waits for what.

use std::fmt::Write;

use super::layout::{CHAR, Layout, room_of};
use super::plan::{Lane, Plan};
use super::shapes::Px;
use super::story::Story;
use super::words::{self, escaped};
use crate::lanes::State;
use crate::recording::{Library, Run};

/// The height of the axis.
pub(super) const HEAD: f64 = 40.0;
/// The height of a lane.
pub(super) const LANE: f64 = 38.0;
/// Half the height of a block.
pub(super) const BLOCK: f64 = 11.0;
/// How far behind the last event the mark stands of what is not over.
pub(super) const CUT: f64 = 10.0;
/// The longest name of a lane.
pub(super) const NAME: usize = 18;

pub(super) fn middle(lane: usize) -> f64 {
    HEAD + LANE * (lane as f64 + 0.5)
}

pub(super) struct Drawing<'a> {
    pub(super) run: &'a Run,
    pub(super) story: &'a Story,
    pub(super) plan: &'a Plan,
    pub(super) layout: &'a Layout,
    pub(super) bottom: f64,
    pub(super) svg: String,
    /// What is written last, because nothing may cover it.
    pub(super) labels: String,
}

impl Drawing<'_> {
    /// The names stand in a picture of their own, which stays where it is while the lanes scroll.
    pub(super) fn names(&mut self, longest: usize, height: f64) {
        let width = 14.0 + 7.0 * longest as f64;
        let _ = write!(
            self.svg,
            "<svg class=\"trace-names\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" aria-hidden=\"true\">\n<g class=\"trace-axis\" text-anchor=\"end\"><text x=\"{2}\" y=\"13\">time</text>",
            Px(width),
            Px(height),
            Px(width - 8.0)
        );
        if self.run.library != Library::Tokio && self.layout.legible {
            let _ = write!(self.svg, "<text x=\"{}\" y=\"31\">pass</text>", Px(width - 8.0));
        }
        self.svg.push_str("</g>\n");
        for (n, lane) in self.plan.lanes.iter().enumerate() {
            let class = if lane.inner { " class=\"trace-inner\"" } else { "" };
            let _ = write!(
                self.svg,
                "<text{class} x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                Px(width - 8.0),
                Px(middle(n) + 4.5),
                escaped(&shortened(&lane.name))
            );
        }
        self.svg.push_str("\n</svg>\n");
    }

    pub(super) fn axis(&mut self) {
        if self.layout.legible {
            for pass in &self.layout.passes {
                if pass.number % 2 == 1 {
                    let _ = write!(
                        self.svg,
                        "<rect class=\"trace-pass\" x=\"{}\" y=\"20\" width=\"{}\" height=\"{}\"/>",
                        Px(pass.x),
                        Px(pass.width),
                        Px(self.bottom - 20.0)
                    );
                }
            }
        }
        self.svg.push_str("<g class=\"trace-axis\">");
        let mut lines = String::new();
        for tick in &self.layout.ticks {
            let _ = write!(lines, "M{} 4V{}", Px(tick.x), Px(self.bottom));
            let _ = write!(
                self.svg,
                "<text x=\"{}\" y=\"13\" class=\"trace-time\">{}</text>",
                Px(tick.x + 4.0),
                tick.label
            );
        }
        if self.layout.legible {
            self.svg.push_str("<g text-anchor=\"middle\">");
            for pass in &self.layout.passes {
                let _ =
                    write!(self.svg, "<text x=\"{}\" y=\"31\">{}</text>", Px(pass.x + pass.width / 2.0), pass.number);
            }
            for gap in &self.layout.gaps {
                let label = format!("+{}", gap.label);
                if CHAR * label.chars().count() as f64 <= gap.width {
                    let _ = write!(self.svg, "<text x=\"{}\" y=\"31\">{label}</text>", Px(gap.x + gap.width / 2.0),);
                }
            }
            self.svg.push_str("</g>");
        }
        let _ = writeln!(self.svg, "<path d=\"{lines}\"/></g>");
    }

    /// All shapes of one kind in one lane are one path, so that a long run is still drawn at once.
    pub(super) fn draw_lane(&mut self, n: usize, lane: &Lane) {
        let y = middle(n);
        let (mut runs, mut ready, mut waits) = (String::new(), String::new(), String::new());
        let mut labels = String::new();
        for item in &lane.items {
            let item = &self.story.items[*item];
            for span in &item.spans {
                let (begin, end) = (self.layout.x_at(span.begin), self.layout.x_at(span.end));
                if end - begin < 0.05 {
                    continue;
                }
                match &span.state {
                    State::Running => {
                        let inset = if lane.inner { 4.0 } else { 0.0 };
                        let _ = write!(
                            runs,
                            "M{} {}h{}v{}h{}z",
                            Px(begin + 1.0),
                            Px(y - BLOCK + inset),
                            Px((end - begin - 2.0).max(1.0)),
                            Px(2.0 * (BLOCK - inset)),
                            Px(-(end - begin - 2.0).max(1.0))
                        );
                    }
                    // The library's own callbacks are ready for a moment only, and nobody waits for their timers but the sleeper.
                    _ if lane.inner => {}
                    State::Ready => {
                        let _ = write!(ready, "M{} {}H{}", Px(begin), Px(y), Px(end));
                    }
                    State::Waiting { .. } => {
                        let _ = write!(waits, "M{} {}H{}", Px(begin), Px(y), Px(end));
                        let text = self.story.waiting(span).unwrap_or_default();
                        let rooms = self.layout.rooms(self.plan, n, item, span);
                        push_label(&mut labels, text, &rooms, y - 5.0);
                    }
                }
            }
        }
        let inner = if lane.inner { " trace-inner" } else { "" };
        let _ = write!(self.svg, "<g class=\"trace-lane{inner}\">");
        for (class, path) in [("trace-waits", waits), ("trace-ready", ready), ("trace-runs", runs)] {
            if !path.is_empty() {
                let _ = write!(self.svg, "<path class=\"{class}\" d=\"{path}\"/>");
            }
        }
        if self.layout.legible {
            self.labels.push_str(&labels);
        }
        self.svg.push_str("</g>\n");
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

/// Writes what somebody waits for above the line, and the shorter the less room there is.
fn push_label(labels: &mut String, text: &str, rooms: &[(f64, f64)], y: f64) {
    // Places are sums of fractions.
    let fits = |text: &str| rooms.iter().find(|(begin, end)| room_of(text) <= end - begin + 0.01);
    let texts = [text.to_owned(), words::until(text), words::short_wait(text)];
    let places = texts.iter().filter(|text| !text.is_empty()).map(|text| (text, fits(text)));
    let Some((shown, Some((x, _)))) = places.into_iter().find(|(_, place)| place.is_some()) else {
        return;
    };
    let whole = match shown == text {
        true => String::new(),
        false => format!("<title>{}</title>", escaped(text)),
    };
    let (x, y, shown) = (Px(*x), Px(y), escaped(shown));
    let _ = write!(labels, "<text x=\"{x}\" y=\"{y}\">{whole}{shown}</text>");
}
