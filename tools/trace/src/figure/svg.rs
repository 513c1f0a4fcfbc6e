//! The picture: a lane for each task and each callback, a column for each turn, and an arrow from whoever acts on another.
//!
//! A state is told by its shape and not by its colour alone: who runs is a block, who is ready is hatched, who waits is a dashed
//! line that says what for. Nothing has an identifier, so several figures can stand on one page.

use std::fmt::Write;

use super::drawing::{CUT, Drawing, HEAD, LANE, NAME};
use super::layout::Layout;
use super::plan::Plan;
use super::shapes::Px;
use super::story::{Item, Story};
use super::words::escaped;
use crate::recording::Run;

/// The length of the longest name of a lane, so that the pictures of one figure begin at the same place.
pub(super) fn longest_name(story: &Story) -> usize {
    let names = story.items.iter().filter(|item| !item.inner);
    let lengths = names.map(|item| item.name.chars().count().min(NAME));
    lengths.max().unwrap_or(0).max("the loop".len())
}

pub(super) fn picture(
    run: &Run,
    story: &Story,
    plan: &Plan,
    layout: &Layout,
    longest_name: usize,
    about: &str,
) -> String {
    let height = HEAD + LANE * plan.lanes.len() as f64 + 4.0;
    let mut drawing =
        Drawing { run, story, plan, layout, bottom: height - 4.0, svg: String::new(), labels: String::new() };
    drawing.names(longest_name, height);
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
    for (n, lane) in plan.lanes.iter().enumerate() {
        drawing.draw_lane(n, lane);
    }
    drawing.arrows();
    let labels = std::mem::take(&mut drawing.labels);
    let _ = writeln!(drawing.svg, "<g class=\"trace-labels\">{labels}</g>");
    drawing.marks();
    drawing.svg.push_str("</svg>\n");
    drawing.svg
}
