//! Says what the shapes of a picture mean; only those that it holds.

use std::fmt::Write;

use super::marks::{cut, mark};
use super::svg::Used;
use crate::lanes::End;

pub(super) fn push(html: &mut String, used: &Used) {
    let shapes = [
        (
            used.runs,
            "<path class=\"trace-runs\" d=\"M3 3h18v14h-18z\"/>".to_owned(),
            "runs",
        ),
        (
            used.inner,
            "<g class=\"trace-inner\"><path class=\"trace-runs\" d=\"M3 3h18v14h-18z\"/></g>".to_owned(),
            "a callback runs",
        ),
        (
            used.ready,
            "<path class=\"trace-ready\" d=\"M1 10H23\"/>".to_owned(),
            "is ready, and waits for its turn",
        ),
        (
            used.waits,
            "<path class=\"trace-waits\" d=\"M1 10H23\"/>".to_owned(),
            "waits for what is written",
        ),
        (
            used.wakes,
            "<g class=\"trace-wakes\"><path d=\"M12 1V12\"/><path class=\"trace-heads\" d=\"M12 19l-4 -7h8z\"/></g>".to_owned(),
            "makes, sets or wakes",
        ),
        (
            used.prints,
            "<g class=\"trace-print\"><circle cx=\"12\" cy=\"10\" r=\"8.5\"/><text x=\"12\" y=\"14\" text-anchor=\"middle\">1</text></g>".to_owned(),
            "prints this line of the output",
        ),
    ];
    let ends = used.ends.iter().map(|end| {
        let (class, meaning) = match end {
            End::Done => ("trace-done", "is done"),
            End::Failed => ("trace-failed", "fails"),
            End::Cancelled => ("trace-cancelled", "is cancelled"),
            End::Dropped => ("trace-dropped", "is dropped"),
        };
        let shape = format!(
            "<g class=\"trace-end {class}\">{}</g>",
            mark(*end, 12.0, 10.0)
        );
        (true, shape, meaning)
    });
    let cut = (
        used.cut,
        cut(12.0, 10.0),
        "is not over when the recording ends",
    );
    html.push_str("<ul class=\"trace-legend\" aria-hidden=\"true\">\n");
    for (is_used, shape, meaning) in shapes.into_iter().chain(ends).chain([cut]) {
        if is_used {
            let _ = writeln!(
                html,
                "<li><svg width=\"24\" height=\"20\" viewBox=\"0 0 24 20\">{shape}</svg> {meaning}</li>"
            );
        }
    }
    html.push_str("</ul>\n");
}
