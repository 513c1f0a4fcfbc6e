//! The picture: a lane for each task and each callback, a column for each turn, and an arrow for each wake-up.
//!
//! A state is told by its shape and not by its colour alone: who runs is a block, who is ready is hatched, who waits is a dashed
//! line that says what for. Nothing has an identifier, so several figures can stand on one page.

use std::fmt::Write;

use asyncio::observe::{Actor, Kind};

use super::layout::Layout;
use super::story::{Story, Who};
use super::words::escaped;
use crate::lanes::{End, Span, State};
use crate::recording::{Library, Run};

/// The height of the axis.
const HEAD: f64 = 40.0;
/// The height of a lane.
const LANE: f64 = 38.0;
/// Half the height of a block.
const BLOCK: f64 = 11.0;
/// The width of a character of a label.
const CHAR: f64 = 6.1;
/// With more callbacks than this, the program's share a lane with the library's.
const MOST_CALLBACKS: usize = 8;
/// The longest name of a lane.
const NAME: usize = 18;

/// The states and marks that a picture holds, for its legend.
#[derive(Default)]
pub(super) struct Used {
    pub(super) runs: bool,
    pub(super) ready: bool,
    pub(super) waits: bool,
    pub(super) wakes: bool,
    pub(super) prints: bool,
    pub(super) ends: Vec<End>,
}

impl Used {
    pub(super) fn add(&mut self, other: Used) {
        self.runs |= other.runs;
        self.ready |= other.ready;
        self.waits |= other.waits;
        self.wakes |= other.wakes;
        self.prints |= other.prints;
        for end in other.ends {
            if !self.ends.contains(&end) {
                self.ends.push(end);
            }
        }
    }
}

/// The length of the longest name of a lane, so that the pictures of one figure begin at the same place.
pub(super) fn longest_name(story: &Story) -> usize {
    let names = story.items.iter().filter(|item| !item.inner);
    let lengths = names.map(|item| item.name.chars().count().min(NAME));
    lengths.max().unwrap_or(0).max("the loop".len())
}

pub(super) struct Picture {
    pub(super) svg: String,
    pub(super) used: Used,
    /// For each item, the number of its lane, if it has one.
    pub(super) lanes: Vec<Option<usize>>,
}

struct Lane {
    name: String,
    items: Vec<usize>,
    inner: bool,
}

pub(super) fn picture(
    run: &Run,
    story: &Story,
    layout: &Layout,
    longest_name: usize,
    about: &str,
) -> Picture {
    let lanes = lanes(run, story);
    let mut lane_of = vec![None; story.items.len()];
    for (n, lane) in lanes.iter().enumerate() {
        lane.items.iter().for_each(|item| lane_of[*item] = Some(n));
    }
    let height = HEAD + LANE * lanes.len() as f64 + 4.0;
    let mut drawing = Drawing {
        run,
        story,
        layout,
        lane_of,
        loop_lane: lanes.iter().position(|lane| lane.inner),
        bottom: height - 4.0,
        svg: String::new(),
        labels: String::new(),
        used: Used::default(),
    };
    drawing.names(&lanes, longest_name, height);
    let width = layout.width + 12.0;
    let _ = writeln!(
        drawing.svg,
        "<svg class=\"trace-lanes\" width=\"{0}\" height=\"{1}\" viewBox=\"-6 0 {0} {1}\" role=\"img\" aria-label=\"{2}\">",
        Px(width),
        Px(height),
        escaped(about)
    );
    drawing.axis();
    for (n, lane) in lanes.iter().enumerate() {
        drawing.draw_lane(n, lane);
    }
    drawing.arrows();
    let labels = std::mem::take(&mut drawing.labels);
    let _ = writeln!(drawing.svg, "<g class=\"trace-labels\">{labels}</g>");
    drawing.marks();
    drawing.svg.push_str("</svg>\n");
    Picture {
        svg: drawing.svg,
        used: drawing.used,
        lanes: drawing.lane_of,
    }
}

/// A length with at most one digit after the point, which is as exact as a screen.
struct Px(f64);

impl std::fmt::Display for Px {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64;
        match tenths % 10 {
            0 => write!(f, "{}", tenths / 10),
            _ => write!(f, "{}", tenths as f64 / 10.0),
        }
    }
}

fn lanes(run: &Run, story: &Story) -> Vec<Lane> {
    let own_callbacks = story.items.iter().filter(|item| item.is_own_callback());
    let shared = own_callbacks.count() > MOST_CALLBACKS;
    let mut lanes = Vec::new();
    let mut inner = Vec::new();
    for (n, item) in story.items.iter().enumerate() {
        if !item.is_shown() {
            continue;
        }
        if item.inner || shared && item.is_own_callback() {
            inner.push(n);
        } else {
            lanes.push(Lane {
                name: item.name.clone(),
                items: vec![n],
                inner: false,
            });
        }
    }
    let by_loop = |record: &crate::Record| {
        matches!(record.event.kind, Kind::Woken { .. })
            && matches!(record.event.by, Actor::Loop | Actor::Thread)
    };
    if !inner.is_empty() || run.records.iter().any(by_loop) {
        let name = match run.library {
            Library::Asyncio if shared => "callbacks",
            Library::Asyncio => "the loop",
            Library::Tokio => "Tokio",
        };
        lanes.push(Lane {
            name: name.to_owned(),
            items: inner,
            inner: true,
        });
    }
    lanes
}

fn middle(lane: usize) -> f64 {
    HEAD + LANE * (lane as f64 + 0.5)
}

struct Drawing<'a> {
    run: &'a Run,
    story: &'a Story,
    layout: &'a Layout,
    lane_of: Vec<Option<usize>>,
    loop_lane: Option<usize>,
    bottom: f64,
    svg: String,
    /// What is written last, because nothing may cover it.
    labels: String,
    used: Used,
}

impl Drawing<'_> {
    /// The names stand in a picture of their own, which stays where it is while the lanes scroll.
    fn names(&mut self, lanes: &[Lane], longest: usize, height: f64) {
        let width = 14.0 + 7.0 * longest as f64;
        let _ = write!(
            self.svg,
            "<svg class=\"trace-names\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" aria-hidden=\"true\">\n<g class=\"trace-axis\" text-anchor=\"end\"><text x=\"{2}\" y=\"13\">time</text>",
            Px(width),
            Px(height),
            Px(width - 8.0)
        );
        if self.run.library == Library::Asyncio && self.layout.legible {
            let _ = write!(
                self.svg,
                "<text x=\"{}\" y=\"31\">pass</text>",
                Px(width - 8.0)
            );
        }
        self.svg.push_str("</g>\n");
        for (n, lane) in lanes.iter().enumerate() {
            let class = if lane.inner {
                " class=\"trace-inner\""
            } else {
                ""
            };
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

    fn axis(&mut self) {
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
                let _ = write!(
                    self.svg,
                    "<text x=\"{}\" y=\"31\">{}</text>",
                    Px(pass.x + pass.width / 2.0),
                    pass.number
                );
            }
            for gap in &self.layout.gaps {
                let label = format!("+{}", gap.label);
                if CHAR * label.chars().count() as f64 <= gap.width {
                    let _ = write!(
                        self.svg,
                        "<text x=\"{}\" y=\"31\" class=\"trace-passing\">{label}</text>",
                        Px(gap.x + gap.width / 2.0),
                    );
                }
            }
            self.svg.push_str("</g>");
        }
        let _ = writeln!(self.svg, "<path d=\"{lines}\"/></g>");
    }

    /// All shapes of one kind in one lane are one path, so that a long run is still drawn at once.
    fn draw_lane(&mut self, n: usize, lane: &Lane) {
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
                    State::Waiting { label, .. } => {
                        let _ = write!(waits, "M{} {}H{}", Px(begin), Px(y), Px(end));
                        let told = self.story.waits.get(&span.begin);
                        let label = told.map_or(label, |told| told);
                        push_label(&mut labels, label, begin, end, y);
                    }
                }
            }
        }
        let inner = if lane.inner { " trace-inner" } else { "" };
        let _ = write!(self.svg, "<g class=\"trace-lane{inner}\">");
        for (class, path, used) in [
            ("trace-waits", waits, &mut self.used.waits),
            ("trace-ready", ready, &mut self.used.ready),
            ("trace-runs", runs, &mut self.used.runs),
        ] {
            if !path.is_empty() {
                *used = true;
                let _ = write!(self.svg, "<path class=\"{class}\" d=\"{path}\"/>");
            }
        }
        if self.layout.legible {
            self.labels.push_str(&labels);
        }
        self.svg.push_str("</g>\n");
    }

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

    /// An arrow from whoever wakes to whoever is woken; it begins in the turn that does so. A cancellation is written beside its own.
    fn arrows(&mut self) {
        let (mut lines, mut heads) = (String::new(), String::new());
        let mut cancelled = None;
        for (n, record) in self.run.records.iter().enumerate() {
            let (to, cancels) = match record.event.kind {
                Kind::Woken { task } => (Who::Task(task), false),
                Kind::CancelRequested { task, .. } => (Who::Task(task), true),
                Kind::CallbackScheduled { callback, .. } | Kind::TimerSet { callback, .. } => {
                    (Who::Callback(callback), false)
                }
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
                // No block stands there, because the loop is between two turns.
                let _ = write!(
                    heads,
                    "M{} {}m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
                    Px(x),
                    Px(from)
                );
            }
            let head = 7.0 * sign;
            let _ = write!(lines, "M{} {}V{}", Px(x), Px(from), Px(tip - head));
            let _ = write!(heads, "M{} {}l-4 {}h8z", Px(x), Px(tip), Px(-head));
            if cancels {
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
        if !heads.is_empty() {
            self.used.wakes = true;
            let _ = writeln!(
                self.svg,
                "<g class=\"trace-wakes\"><path d=\"{lines}\"/><path class=\"trace-heads\" d=\"{heads}\"/></g>"
            );
        }
    }

    /// The ends of the lanes, and the numbers of the lines of output.
    fn marks(&mut self) {
        for (item, lane) in self.story.items.iter().zip(&self.lane_of) {
            let (Some((at, end)), Some(lane)) = (item.end, lane) else {
                continue;
            };
            if Some(*lane) == self.loop_lane {
                continue;
            }
            if !self.used.ends.contains(&end) {
                self.used.ends.push(end);
            }
            // A task ends within its turn, whose block goes on to the end of the column.
            let block = item
                .spans
                .last()
                .filter(|span| span.state == State::Running);
            let at = block.map_or(at, |span: &Span| span.end.max(at));
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

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

/// Writes what somebody waits for above the line, if there is room, and the shorter the less room there is.
fn push_label(labels: &mut String, label: &str, begin: f64, end: f64, y: f64) {
    let room = ((end - begin - 4.0) / CHAR) as usize;
    let short = label.split(" until ").next().unwrap_or(label);
    for text in [label, short] {
        if text.chars().count() <= room {
            let _ = write!(
                labels,
                "<text x=\"{}\" y=\"{}\">{}</text>",
                Px(begin + 3.0),
                Px(y - 5.0),
                escaped(text)
            );
            return;
        }
    }
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
