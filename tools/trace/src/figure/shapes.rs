//! The shapes that a picture and its legend have: arrows, dots, and the marks of the ends.

use std::fmt::Write;

use crate::lanes::End;

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

/// What an arrow says that somebody does to another. Each kind has a head of its own.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Arrow {
    /// Makes a task or schedules a callback, so that it is ready for the first time.
    Makes,
    /// Sets a timer, so that its callback waits for its time.
    Sets,
    /// Makes ready what waited.
    Wakes,
    /// Asks a task to end.
    Cancels,
}

impl Arrow {
    pub(super) const ALL: [Arrow; 4] = [Arrow::Makes, Arrow::Sets, Arrow::Wakes, Arrow::Cancels];

    pub(super) fn class(self) -> &'static str {
        match self {
            Arrow::Makes => "trace-makes",
            Arrow::Sets => "trace-sets",
            Arrow::Wakes => "trace-wakes",
            Arrow::Cancels => "trace-asks",
        }
    }
}

/// Arrows of one kind: all their lines are one path, and all their heads another.
pub(super) struct Arrows {
    pub(super) kind: Arrow,
    lines: String,
    heads: String,
}

impl Arrows {
    pub(super) fn new(kind: Arrow) -> Arrows {
        Arrows { kind, lines: String::new(), heads: String::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds one that points up or down: at a square with a plus, a clock, a triangle or a cross.
    pub(super) fn push(&mut self, x: f64, from: f64, tip: f64) {
        let sign = (tip - from).signum();
        let length = match self.kind {
            Arrow::Makes | Arrow::Sets => 9.0,
            Arrow::Wakes | Arrow::Cancels => 7.0,
        };
        let (x, end) = (Px(x), tip - length * sign);
        let middle = Px((tip + end) / 2.0);
        let _ = write!(self.lines, "M{x} {}V{}", Px(from), Px(end));
        let _ = match self.kind {
            Arrow::Makes => write!(
                self.heads,
                "M{x} {middle}m-4.5 -4.5h9v9h-9zM{x} {middle}m-.8 -3h1.6v2.2h2.2v1.6h-2.2v2.2h-1.6v-2.2h-2.2v-1.6h2.2z"
            ),
            Arrow::Sets => write!(self.lines, "M{x} {middle}m-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0m4.5 -3v3h2.5"),
            Arrow::Wakes => write!(self.heads, "M{x} {}l-4 {}h8z", Px(tip), Px(-length * sign)),
            Arrow::Cancels => write!(
                self.heads,
                "M{x} {middle}m0 -1.5l2.5 -2.5l1.5 1.5l-2.5 2.5l2.5 2.5l-1.5 1.5l-2.5 -2.5l-2.5 2.5l-1.5 -1.5l2.5 -2.5l-2.5 -2.5l1.5 -1.5z"
            ),
        };
    }

    /// Adds the dot where one begins while the loop is between two turns, so that no block stands there.
    pub(super) fn push_dot(&mut self, x: f64, y: f64) {
        self.heads.push_str(&dot(x, y));
    }

    pub(super) fn svg(&self) -> String {
        format!(
            "<g class=\"trace-arrows {}\"><path d=\"{}\"/><path class=\"trace-heads\" d=\"{}\"/></g>",
            self.kind.class(),
            self.lines,
            self.heads
        )
    }
}

/// The outline of a dot.
pub(super) fn dot(x: f64, y: f64) -> String {
    format!("M{} {}m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0", Px(x), Px(y))
}

/// Draws that somebody was not over when the recording ended: two strokes, where a line is broken off.
pub(super) fn cut(x: f64, y: f64) -> String {
    let (x, y) = (Px(x), Px(y));
    format!("<path class=\"trace-cut\" d=\"M{x} {y}m-6 9l6 -18m3 0l-6 18\"/>")
}

/// Draws how somebody ended: a circle with a tick, a triangle with an exclamation mark, a square with a cross, an empty circle.
pub(super) fn mark(end: End, x: f64, y: f64) -> String {
    let (x, y) = (Px(x), Px(y));
    let (class, shape, sign) = match end {
        End::Done => ("trace-done", "m-8 0a8 8 0 1 0 16 0a8 8 0 1 0 -16 0", "m-4 0l3 3.5l5 -6.5"),
        End::Failed => ("trace-failed", "m0 -10l10 17h-20z", "m0 -4v5m0 2v1.5"),
        End::Cancelled => ("trace-cancelled", "m-8 -8h16v16h-16z", "m-4 -4l8 8m0 -8l-8 8"),
        End::Dropped => ("trace-dropped", "m-7 0a7 7 0 1 0 14 0a7 7 0 1 0 -14 0", ""),
    };
    let sign = match sign {
        "" => String::new(),
        sign => format!("<path class=\"trace-sign\" d=\"M{x} {y}{sign}\"/>"),
    };
    format!("<g class=\"trace-end {class}\"><path d=\"M{x} {y}{shape}\"/>{sign}</g>")
}
