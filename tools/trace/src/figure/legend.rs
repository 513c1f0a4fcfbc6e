//! Says what the shapes of a picture mean; only those that it holds.

use std::fmt::Write;

use super::shapes::{Arrow, Arrows, cut, dot, mark};
use crate::lanes::End;

/// Adds the legend of the pictures, to be opened: a page has many figures, and whoever knows the shapes need not read them again.
///
/// Choice: it looks at what was drawn. Names and texts of a program cannot be taken for a shape, because their quotes are escaped.
pub(super) fn push(html: &mut String) {
    let has = |drawn: &str| html.contains(drawn);
    let block =
        |class: &str, shape: &str| format!("<g class=\"{class}\"><path class=\"trace-runs\" d=\"{shape}\"/></g>");
    let line = |class: &str| format!("<path class=\"{class}\" d=\"M1 10H23\"/>");
    let states = [
        (has("class=\"trace-runs\""), block("trace-lane", "M3 2h18v16h-18z"), "runs"),
        (
            has("class=\"trace-lane trace-inner\"><path"),
            block("trace-inner", "M3 5h18v10h-18z"),
            "a callback of the loop runs",
        ),
        (has("class=\"trace-ready\""), line("trace-ready"), "is ready: it runs when its turn comes"),
        (
            has("class=\"trace-waits\""),
            line("trace-waits"),
            match has("class=\"trace-labels\"><text x") {
                true => "waits for what is written",
                false => "waits",
            },
        ),
    ];
    let arrows = [
        (Arrow::Makes, "makes a task or schedules a callback"),
        (Arrow::Sets, "sets a timer"),
        (Arrow::Wakes, "wakes: what waited is ready again"),
        (Arrow::Cancels, "asks a task to end"),
    ];
    let arrows = arrows.map(|(kind, meaning)| {
        let mut arrow = Arrows::new(kind);
        arrow.push(12.0, 1.0, 19.0);
        let class = format!("class=\"trace-arrows {}\"", kind.class());
        (has(&class), arrow.svg(), meaning)
    });
    let marks = [
        (
            has(&dot(0.0, 0.0)["M0 0".len()..]),
            format!(
                "<g class=\"trace-arrows\"><path class=\"trace-heads\" d=\"{}\"/></g>",
                dot(12.0, 10.0)
            ),
            "the loop or Tokio itself, between two turns",
        ),
        (
            has("class=\"trace-print\""),
            "<g class=\"trace-print\"><circle cx=\"12\" cy=\"10\" r=\"8.5\"/><text x=\"12\" y=\"14\" text-anchor=\"middle\">1</text></g>".to_owned(),
            "prints this line of the output",
        ),
    ];
    let ends = [
        (End::Done, "is done"),
        (End::Failed, "fails"),
        (End::Cancelled, "is cancelled"),
        (End::Dropped, "is dropped"),
    ];
    let ends = ends.map(|(end, meaning)| {
        let shape = mark(end, 12.0, 10.0);
        let (class, _) = shape.split_once('>').unwrap_or_default();
        (has(class), shape, meaning)
    });
    let axis = |text: &str| {
        format!("<g class=\"trace-axis\"><text x=\"12\" y=\"14\" text-anchor=\"middle\">{text}</text></g>")
    };
    let rest = [
        (has("class=\"trace-cut\""), cut(12.0, 10.0), "is not over when the recording ends"),
        (
            // A stepper names them also where the picture has no room for their numbers.
            has("class=\"trace-lanes\"") && has("data-library=\"asyncio\""),
            "<rect class=\"trace-pass\" width=\"24\" height=\"20\"/>".to_owned() + &axis("1"),
            "a pass of the loop, every second one grey: it runs, in order, what was ready when the pass began",
        ),
        (has(" y=\"31\">+"), axis("+1 s"), "so much time passes, and nothing runs"),
    ];
    let mut entries = String::new();
    let all = states.into_iter().chain(arrows).chain(marks);
    for (is_drawn, shape, meaning) in all.chain(ends).chain(rest) {
        if is_drawn {
            let _ = writeln!(
                entries,
                "<li><svg width=\"24\" height=\"20\" viewBox=\"0 0 24 20\" aria-hidden=\"true\">{shape}</svg> {meaning}</li>"
            );
        }
    }
    let _ = write!(
        html,
        "<details class=\"trace-shapes\"><summary>What the shapes mean</summary>\n<ul class=\"trace-legend\">\n{entries}</ul></details>\n"
    );
}
