//! The picture: a lane for each task and each callback, a column for each turn, and an arrow from whoever acts on another.
//!
//! A state is told by its shape and not by its colour alone: who runs is a block, who is ready is hatched, who waits is a dashed
//! line that says what for. Nothing has an identifier, so several figures can stand on one page.

use std::fmt::Write;

use asyncio::observe::{Actor, Kind};

use super::drawing::{CUT, Drawing, HEAD, LANE, Lane, NAME};
use super::layout::Layout;
use super::shapes::Px;
use super::story::{Item, Story};
use super::words::escaped;
use crate::recording::{Library, Run};

/// The most lanes of tasks and of the program's callbacks; nobody can follow more, and a page with thousands is slow.
const MOST_LANES: usize = 200;
/// The length of the longest name of a lane, so that the pictures of one figure begin at the same place.
pub(super) fn longest_name(story: &Story) -> usize {
    let names = story.items.iter().filter(|item| !item.inner);
    let lengths = names.map(|item| item.name.chars().count().min(NAME));
    lengths.max().unwrap_or(0).max("the loop".len())
}

pub(super) struct Picture {
    pub(super) svg: String,
    /// For each item, the number of its lane, if it has one.
    pub(super) lanes: Vec<Option<usize>>,
}

pub(super) fn picture(run: &Run, story: &Story, layout: &Layout, longest_name: usize, about: &str) -> Picture {
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
    Picture { svg: drawing.svg, lanes: drawing.lane_of }
}

fn lanes(run: &Run, story: &Story) -> Vec<Lane> {
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
    let by_loop = |record: &crate::Record| {
        matches!(record.event.kind, Kind::Woken { .. }) && matches!(record.event.by, Actor::Loop | Actor::Thread)
    };
    if !inner.is_empty() || run.records.iter().any(by_loop) {
        let name = match run.library {
            Library::Asyncio if story.callbacks_share => "callbacks",
            Library::Asyncio => "the loop",
            Library::Tokio => "Tokio",
        };
        lanes.push(Lane { name: name.to_owned(), items: inner, inner: true });
    }
    lanes
}
