//! Says what the shapes of a picture mean; only those that it holds.

use std::fmt::Write;

use super::drawing::Used;
use super::shapes::{Arrow, Arrows, cut, dot, mark};
use crate::lanes::End;

pub(super) fn push(html: &mut String, used: &Used) {
    let block = |class: &str, shape: &str| {
        format!("<g class=\"{class}\"><path class=\"trace-runs\" d=\"{shape}\"/></g>")
    };
    let line = |class: &str| format!("<path class=\"{class}\" d=\"M1 10H23\"/>");
    let arrows = Arrow::ALL.map(|kind| {
        let mut arrow = Arrows::new(kind);
        arrow.push(12.0, 1.0, 19.0);
        let meaning = match kind {
            Arrow::Makes => "makes a task or schedules a callback",
            Arrow::Sets => "sets a timer",
            Arrow::Wakes => "wakes: what waited is ready again",
            Arrow::Cancels => "asks a task to end",
        };
        (used.arrows.contains(&kind), arrow.svg(), meaning)
    });
    let states = [
        (used.runs, block("trace-lane", "M3 2h18v16h-18z"), "runs"),
        (
            used.inner,
            block("trace-inner", "M3 5h18v10h-18z"),
            "a callback of the loop runs",
        ),
        (
            used.ready,
            line("trace-ready"),
            "is ready: it runs when its turn comes",
        ),
        (
            used.waits,
            line("trace-waits"),
            match used.written {
                true => "waits for what is written",
                false => "waits",
            },
        ),
    ];
    let marks = [
        (
            used.outside,
            format!(
                "<g class=\"trace-arrows\"><path class=\"trace-heads\" d=\"{}\"/></g>",
                dot(12.0, 10.0)
            ),
            "the loop or Tokio itself, between two turns",
        ),
        (
            used.prints,
            "<g class=\"trace-print\"><circle cx=\"12\" cy=\"10\" r=\"8.5\"/><text x=\"12\" y=\"14\" text-anchor=\"middle\">1</text></g>".to_owned(),
            "prints this line of the output",
        ),
    ];
    let ends = used.ends.iter().map(|end| {
        let meaning = match end {
            End::Done => "is done",
            End::Failed => "fails",
            End::Cancelled => "is cancelled",
            End::Dropped => "is dropped",
        };
        (true, mark(*end, 12.0, 10.0), meaning)
    });
    let cut = (
        used.cut,
        cut(12.0, 10.0),
        "is not over when the recording ends",
    );
    let pass = (
        used.passes,
        "<rect class=\"trace-pass\" width=\"24\" height=\"20\"/><g class=\"trace-axis\"><text x=\"12\" y=\"14\" text-anchor=\"middle\">1</text></g>".to_owned(),
        "a pass of the loop, every second one grey: it runs, in order, what was ready when the pass began",
    );
    let gap = (
        used.gaps,
        "<g class=\"trace-axis\"><text x=\"12\" y=\"14\" text-anchor=\"middle\">+1 s</text></g>"
            .to_owned(),
        "so much time passes, and nothing runs",
    );
    html.push_str("<ul class=\"trace-legend\" aria-hidden=\"true\">\n");
    let entries = states.into_iter().chain(arrows).chain(marks);
    let entries = entries.chain(ends).chain([cut, pass, gap]);
    for (is_used, shape, meaning) in entries {
        if is_used {
            let _ = writeln!(
                html,
                "<li><svg width=\"24\" height=\"20\" viewBox=\"0 0 24 20\">{shape}</svg> {meaning}</li>"
            );
        }
    }
    html.push_str("</ul>\n");
}
