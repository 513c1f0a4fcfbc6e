//! Draws runs as a figure for a page: a picture, a table that says the same in words, and the data of a stepper.
//!
//! A figure is a fragment of HTML without a blank line, so that Markdown leaves it alone. It carries no style and no script that
//! runs: `book/theme/trace.css` gives it colours, and `book/theme/trace.js` makes its stepper. Without both it can still be read.

use std::fmt::Write;

use crate::recording::{Library, Run};

mod layout;
mod legend;
mod story;
mod svg;
mod table;
mod words;

use layout::Layout;
use story::Story;
use words::escaped;

/// How many events a figure may show. A page with more would be slow, and its reader lost.
pub const MOST_SHOWN: usize = 10_000;

/// Draws runs below one another, as one figure under this caption.
///
/// With `steps`, a reader can go through the events one by one. A run with more than [`MOST_SHOWN`] events is not drawn: the figure
/// says so in a sentence.
pub fn html(runs: &[Run], caption: &str, steps: bool) -> String {
    let mut html = format!(
        "<figure class=\"trace\">\n<figcaption>{}</figcaption>\n",
        escaped(caption)
    );
    for run in runs {
        draw(&mut html, run, runs.len() > 1, steps);
    }
    html.push_str("</figure>\n");
    html
}

fn draw(html: &mut String, run: &Run, among_others: bool, steps: bool) {
    let count = run.records.len();
    let library = match run.library {
        Library::Asyncio => "asyncio",
        Library::Tokio => "tokio",
    };
    let _ = writeln!(
        html,
        "<div class=\"trace-run\" data-library=\"{library}\" data-events=\"{count}\">"
    );
    if among_others {
        let title = match run.library {
            Library::Asyncio => "This library",
            Library::Tokio => "Tokio",
        };
        let _ = writeln!(html, "<p class=\"trace-title\">{title}</p>");
    }
    if count > MOST_SHOWN {
        let _ = writeln!(
            html,
            "<p class=\"trace-refused\">This run has {count} events, and a figure shows at most {MOST_SHOWN}: record a shorter run.</p>\n</div>"
        );
        return;
    }
    if count == 0 {
        html.push_str("<p class=\"trace-refused\">Nothing ran on this loop.</p>\n</div>\n");
        return;
    }
    let story = Story::of(run);
    let layout = Layout::of(run, &story);
    let about = table::about(&story);
    let picture = svg::picture(run, &story, &layout, &about);
    let _ = writeln!(html, "<div class=\"trace-picture\">\n{}</div>", picture.svg);
    legend::push(html, &picture.used);
    table::push_output(html, &story);
    table::push_table(html, run, &story);
    if steps {
        table::push_data(html, run, &story, &layout, &picture.lanes);
    }
    html.push_str("</div>\n");
}
