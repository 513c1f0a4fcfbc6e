//! The picture: a lane for each task and each callback, a column for each turn, and an arrow from whoever acts on another.
//!
//! A state is told by its shape and not by its colour alone: who runs is a block, who is ready is hatched, who waits is a dashed
//! line that says what for. Nothing has an identifier, so several figures can stand on one page.

use std::fmt::Write;

use asyncio::observe::{Actor, Kind};

use super::layout::Layout;
use super::marks::Arrow;
use super::story::{Item, Story};
use super::words::{self, escaped};
use crate::lanes::{End, State};
use crate::recording::{Library, Run};

/// The height of the axis.
const HEAD: f64 = 40.0;
/// The height of a lane.
const LANE: f64 = 38.0;
/// Half the height of a block.
pub(super) const BLOCK: f64 = 11.0;
/// How far behind the last event the mark stands of what is not over.
pub(super) const CUT: f64 = 10.0;
/// The width of a character of a label.
const CHAR: f64 = 6.1;
/// The most lanes of tasks and of the program's callbacks; nobody can follow more, and a page with thousands is slow.
const MOST_LANES: usize = 200;
/// The longest name of a lane.
const NAME: usize = 18;

/// The states and marks that a picture holds, for its legend.
#[derive(Default)]
pub(super) struct Used {
    pub(super) runs: bool,
    /// Whether a callback runs in the lane of the loop.
    pub(super) inner: bool,
    pub(super) ready: bool,
    pub(super) waits: bool,
    /// Whether there was room to write what for.
    pub(super) written: bool,
    pub(super) arrows: Vec<Arrow>,
    /// Whether an arrow begins outside any turn.
    pub(super) outside: bool,
    pub(super) passes: bool,
    /// Whether a time that passes is written above a gap.
    pub(super) gaps: bool,
    pub(super) prints: bool,
    pub(super) ends: Vec<End>,
    /// Whether a task has no end, because the recording has one before.
    pub(super) cut: bool,
}

impl Used {
    pub(super) fn add(&mut self, other: Used) {
        self.runs |= other.runs;
        self.inner |= other.inner;
        self.ready |= other.ready;
        self.waits |= other.waits;
        self.written |= other.written;
        self.outside |= other.outside;
        self.passes |= other.passes;
        self.gaps |= other.gaps;
        self.prints |= other.prints;
        self.cut |= other.cut;
        self.arrows.extend(other.arrows);
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
        used: Used {
            // A stepper names them also where the picture has no room for their numbers.
            passes: !layout.passes.is_empty(),
            gaps: false,
            ..Used::default()
        },
    };
    drawing.names(&lanes, longest_name, height);
    let is_cut = story.items.iter().any(Item::is_cut);
    let width = layout.width + if is_cut { 2.0 * CUT } else { 12.0 };
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
pub(super) struct Px(pub(super) f64);

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
    let mut lanes = Vec::new();
    let mut inner = Vec::new();
    for (n, item) in story.items.iter().enumerate() {
        if !item.is_shown() {
            continue;
        }
        if story.has_own_lane(item) {
            lanes.push(Lane {
                name: item.name.clone(),
                items: vec![n],
                inner: false,
            });
        } else {
            inner.push(n);
        }
    }
    if let Some(more) = lanes.len().checked_sub(MOST_LANES).filter(|more| *more > 0) {
        lanes.truncate(MOST_LANES);
        lanes.push(Lane {
            name: format!("and {more} more"),
            items: Vec::new(),
            inner: false,
        });
    }
    let by_loop = |record: &crate::Record| {
        matches!(record.event.kind, Kind::Woken { .. })
            && matches!(record.event.by, Actor::Loop | Actor::Thread)
    };
    if !inner.is_empty() || run.records.iter().any(by_loop) {
        let name = match run.library {
            Library::Asyncio if story.callbacks_share => "callbacks",
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

pub(super) fn middle(lane: usize) -> f64 {
    HEAD + LANE * (lane as f64 + 0.5)
}

pub(super) struct Drawing<'a> {
    pub(super) run: &'a Run,
    pub(super) story: &'a Story,
    pub(super) layout: &'a Layout,
    pub(super) lane_of: Vec<Option<usize>>,
    pub(super) loop_lane: Option<usize>,
    pub(super) bottom: f64,
    pub(super) svg: String,
    /// What is written last, because nothing may cover it.
    pub(super) labels: String,
    pub(super) used: Used,
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
                    self.used.gaps = true;
                    let _ = write!(
                        self.svg,
                        "<text x=\"{}\" y=\"31\">{label}</text>",
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
                    State::Waiting { .. } => {
                        let _ = write!(waits, "M{} {}H{}", Px(begin), Px(y), Px(end));
                        let text = self.story.waiting(span).unwrap_or_default();
                        let behind = label_begins(item);
                        let room = self.layout.x_at(item.text_ends(span)) - begin - behind;
                        push_label(&mut labels, text, room, begin + behind, y - 5.0);
                    }
                }
            }
        }
        let (inner, used_runs) = if lane.inner {
            (" trace-inner", &mut self.used.inner)
        } else {
            ("", &mut self.used.runs)
        };
        let _ = write!(self.svg, "<g class=\"trace-lane{inner}\">");
        for (class, path, used) in [
            ("trace-waits", waits, &mut self.used.waits),
            ("trace-ready", ready, &mut self.used.ready),
            ("trace-runs", runs, used_runs),
        ] {
            if !path.is_empty() {
                *used = true;
                let _ = write!(self.svg, "<path class=\"{class}\" d=\"{path}\"/>");
            }
        }
        if self.layout.legible {
            self.used.written |= !labels.is_empty();
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

/// How far behind the beginning of a wait its text stands: behind the clock, if it is a timer's.
fn label_begins(item: &Item) -> f64 {
    if item.is_own_callback() { 8.0 } else { 3.0 }
}

/// The room that a wait needs for the least that can be written there.
pub(super) fn least_room(item: &Item, waits: &str) -> f64 {
    label_begins(item) + room_of(&words::short_wait(waits))
}

/// The room of a text, and of the head of the arrow that ends the wait.
fn room_of(text: &str) -> f64 {
    CHAR * text.chars().count() as f64 + 7.0
}

/// Writes what somebody waits for above the line, and the shorter the less room there is.
fn push_label(labels: &mut String, text: &str, room: f64, x: f64, y: f64) {
    // Places are sums of fractions.
    let fits = |text: &str| room_of(text) <= room + 0.01;
    let texts = [text.to_owned(), words::until(text), words::short_wait(text)];
    let Some(shown) = texts.iter().find(|text| !text.is_empty() && fits(text)) else {
        return;
    };
    let whole = match shown == text {
        true => String::new(),
        false => format!("<title>{}</title>", escaped(text)),
    };
    let (x, y, shown) = (Px(x), Px(y), escaped(shown));
    let _ = write!(labels, "<text x=\"{x}\" y=\"{y}\">{whole}{shown}</text>");
}
