//! Draws runs as a figure for a page: a picture, a table that says the same in words, and the data of a stepper.
//!
//! A figure is a fragment of HTML without a blank line, so that Markdown leaves it alone. It carries no style and no script that
//! runs: `book/theme/trace.css` gives it colours, and `book/theme/trace.js` makes its stepper. Without both it can still be read.

use std::fmt::Write;

use crate::json::text;
use crate::recording::{Library, Run};

mod drawing;
mod items;
mod layout;
mod legend;
mod marks;
mod plan;
mod shapes;
mod story;
mod svg;
mod table;
mod teller;
mod words;

use layout::Layout;
use plan::Plan;
use story::Story;
use words::{escaped, with_code};

/// How many events a figure may show. A page with more would be slow, and its reader lost.
pub const MOST_SHOWN: usize = 10_000;

/// Draws runs below one another, as one figure under this caption.
///
/// With `steps`, a reader can go through the events one by one. A run with more than [`MOST_SHOWN`] events is not drawn: the figure
/// says so in a sentence.
pub fn html(runs: &[Run], caption: &str, steps: bool) -> String {
    let drawn: Vec<Drawn> = runs.iter().map(drawn).collect();
    let names = drawn.iter().flatten();
    let longest = names.map(|(story, ..)| svg::longest_name(story)).max();
    let mut html = format!("<figure class=\"trace\">\n<figcaption>{}</figcaption>\n", with_code(caption));
    let mut words = String::new();
    for (n, (run, drawn)) in runs.iter().zip(&drawn).enumerate() {
        let _ = writeln!(
            html,
            "<div class=\"trace-run\" data-library={} data-events=\"{}\"{}>",
            text(&run.library),
            run.records.len(),
            short_title(runs, n).map_or(String::new(), |title| { format!(" data-title=\"{}\"", escaped(&title)) })
        );
        let title = title(runs, n);
        if let Some(title) = &title {
            let _ = writeln!(html, "<p class=\"trace-title\">{}</p>", with_code(title));
        }
        match drawn {
            Err(why) => {
                let _ = writeln!(html, "<p class=\"trace-refused\">{why}</p>");
            }
            Ok((story, plan, layout)) => {
                let about = table::about(story);
                let picture = svg::picture(run, story, plan, layout, longest.unwrap_or(0), &about);
                let _ = writeln!(html, "<div class=\"trace-picture\">\n{}</div>", picture);
                if steps {
                    table::push_data(&mut html, run, story, layout, &plan.lane_of);
                }
                let _ = writeln!(words, "<div class=\"trace-words\" data-library={}>", text(&run.library));
                let title = short_title(runs, n);
                table::push_output(&mut words, story, title.as_deref());
                table::push_table(&mut words, run, story, title.as_deref());
                words.push_str("</div>\n");
            }
        }
        html.push_str("</div>\n");
    }
    legend::push(&mut html);
    let _ = write!(html, "<div class=\"trace-told\">\n{words}</div>\n</figure>\n");
    html
}

/// A run that can be drawn, or the sentence that says why it cannot.
type Drawn = Result<(Story, Plan, Layout), String>;

fn drawn(run: &Run) -> Drawn {
    match run.records.len() {
        0 => Err("Nothing ran on this loop.".to_owned()),
        count if count > MOST_SHOWN => {
            Err(format!("This run has {count} events, and a figure shows at most {MOST_SHOWN}: record a shorter run."))
        }
        _ => {
            let story = Story::of(run);
            let plan = Plan::of(run, &story);
            let layout = Layout::of(run, &story, &plan);
            Ok((story, plan, layout))
        }
    }
}

fn called(run: &Run) -> &'static str {
    match run.library {
        Library::Asyncio => "this library",
        Library::Tokio => "Tokio",
        Library::Cpython => "asyncio",
    }
}

/// Tells one run of several from the others: by its library if that differs, by its own title, or by a number.
fn title(runs: &[Run], n: usize) -> Option<String> {
    let run = &runs[n];
    let of_library = |run: &&Run| run.library == runs[n].library;
    let same = runs.iter().filter(of_library).count();
    let number = runs[..=n].iter().filter(of_library).count();
    if runs.len() < 2 {
        return None;
    }
    Some(match (same == runs.len(), same > 1, &*run.title) {
        (true, _, "") => format!("Run {number}"),
        (true, _, title) => title.to_owned(),
        (false, true, "") => format!("On {}, run {number}", called(run)),
        (false, _, "") => format!("On {}", called(run)),
        // The first has the caption of the whole figure.
        (false, _, _) if n == 0 => format!("On {}", called(run)),
        // It does the same as another one, whose title says what.
        (false, false, _) if run.library == Library::Cpython => {
            let python = run.python.as_ref().map_or(String::new(), |python| format!(" (Python {python})"));
            format!("On {}{python}", called(run))
        }
        (false, _, title) => format!("On {}. {title}", called(run)),
    })
}

/// A word for the run where its whole title would be too long.
fn short_title(runs: &[Run], n: usize) -> Option<String> {
    let title = title(runs, n)?;
    let end = match runs[n].title.is_empty() {
        true => title.len(),
        false => title.find(['.', ':', '(']).unwrap_or(title.len()),
    };
    Some(title[..end].trim_end().to_owned())
}
