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
use svg::Used;
use words::escaped;

/// How many events a figure may show. A page with more would be slow, and its reader lost.
pub const MOST_SHOWN: usize = 10_000;

/// Draws runs below one another, as one figure under this caption.
///
/// With `steps`, a reader can go through the events one by one. A run with more than [`MOST_SHOWN`] events is not drawn: the figure
/// says so in a sentence.
pub fn html(runs: &[Run], caption: &str, steps: bool) -> String {
    let drawn: Vec<Drawn> = runs.iter().map(drawn).collect();
    let names = drawn.iter().flatten();
    let longest = names.map(|(story, _)| svg::longest_name(story)).max();
    let mut html = format!(
        "<figure class=\"trace\">\n<figcaption>{}</figcaption>\n",
        escaped(caption)
    );
    let mut used = Used::default();
    let mut words = String::new();
    for (n, (run, drawn)) in runs.iter().zip(&drawn).enumerate() {
        let _ = writeln!(
            html,
            "<div class=\"trace-run\" data-library=\"{}\" data-events=\"{}\">",
            run.library.name(),
            run.records.len()
        );
        if runs.len() > 1 {
            push_title(&mut html, run, n);
        }
        match drawn {
            Err(why) => {
                let _ = writeln!(html, "<p class=\"trace-refused\">{why}</p>");
            }
            Ok((story, layout)) => {
                let about = table::about(story);
                let picture = svg::picture(run, story, layout, longest.unwrap_or(0), &about);
                let _ = writeln!(html, "<div class=\"trace-picture\">\n{}</div>", picture.svg);
                if steps {
                    table::push_data(&mut html, run, story, layout, &picture.lanes);
                }
                used.add(picture.used);
                words.push_str("<div class=\"trace-words\">\n");
                let of = if runs.len() > 1 { called(run) } else { "" };
                table::push_output(&mut words, story, of);
                table::push_table(&mut words, run, story, of);
                words.push_str("</div>\n");
            }
        }
        html.push_str("</div>\n");
    }
    legend::push(&mut html, &used);
    let _ = write!(
        html,
        "<div class=\"trace-told\">\n{words}</div>\n</figure>\n"
    );
    html
}

/// A run that can be drawn, or the sentence that says why it cannot.
type Drawn = Result<(Story, Layout), String>;

fn drawn(run: &Run) -> Drawn {
    match run.records.len() {
        0 => Err("Nothing ran on this loop.".to_owned()),
        count if count > MOST_SHOWN => Err(format!(
            "This run has {count} events, and a figure shows at most {MOST_SHOWN}: record a shorter run."
        )),
        _ => {
            let story = Story::of(run);
            let layout = Layout::of(run, &story);
            Ok((story, layout))
        }
    }
}

fn called(run: &Run) -> &'static str {
    match run.library {
        Library::Asyncio => "this library",
        Library::Tokio => "Tokio",
    }
}

/// Says whose run it is; the first has the caption of the whole figure.
fn push_title(html: &mut String, run: &Run, n: usize) {
    let title = match (n, &*run.title) {
        (0, _) | (_, "") => String::new(),
        (_, title) => format!(". {title}"),
    };
    let _ = writeln!(
        html,
        "<p class=\"trace-title\">On {}{}</p>",
        called(run),
        escaped(&title)
    );
}
