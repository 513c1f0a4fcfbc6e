//! The words of a figure: its output, the table that says what the picture shows, and the data that the stepper goes through.

use std::collections::VecDeque;
use std::fmt::Write;

use super::layout::Layout;
use super::story::{Change, Item, Story, Who};
use super::words::{self, escaped};
use crate::json::text;
use crate::recording::{Library, Run};

/// The longest ready queue that a row of the table lists.
const MOST_READY: usize = 8;

/// A longer table leaves the ready queue out, so that the page still opens at once.
const MOST_QUEUES: usize = 1_000;

/// Says of the picture what a glance at it says.
pub(super) fn about(story: &Story) -> String {
    let tasks = story.items.iter().filter(|item| matches!(item.who, Who::Task(_)));
    let lives: Vec<String> = tasks.clone().take(12).map(life).collect();
    let more = match tasks.count().saturating_sub(12) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!("Timeline of {}{more}. The table below tells it step by step.", lives.join(", "))
}

/// Says which of several runs is meant, if there are several.
fn of(title: Option<&str>) -> String {
    title.map_or(String::new(), |title| format!(": {}", escaped(title)))
}

fn life(item: &Item) -> String {
    let end = item.end.map_or("not over", |(_, end)| end.name());
    format!("{} ({end})", item.name)
}

pub(super) fn push_output(html: &mut String, story: &Story, title: Option<&str>) {
    if story.printed.is_empty() {
        return;
    }
    let of = of(title);
    let _ = writeln!(html, "<div class=\"trace-output\"><p>Output{of}</p>\n<ol>");
    for printed in &story.printed {
        let _ = writeln!(
            html,
            "<li><samp>{}</samp> <span>{}, {}</span></li>",
            escaped(&printed.text),
            escaped(&printed.by),
            words::time(printed.time)
        );
    }
    html.push_str("</ol></div>\n");
}

pub(super) fn push_table(html: &mut String, run: &Run, story: &Story, title: Option<&str>) {
    let of = of(title);
    let queues = run.library != Library::Tokio && story.moments.len() <= MOST_QUEUES;
    let queue = if queues { "<th scope=\"col\">Ready queue then</th>" } else { "" };
    let _ = writeln!(
        html,
        "<details class=\"trace-table\"><summary>Step by step, as a table{of}</summary>\n<table>\n<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">Time</th><th scope=\"col\">Line</th><th scope=\"col\">What happens</th>{queue}</tr></thead>\n<tbody>"
    );
    let mut ready: VecDeque<usize> = VecDeque::new();
    for (n, moment) in story.moments.iter().enumerate() {
        for change in &moment.changes {
            match change {
                Change::Ready(item) => ready.push_back(*item),
                Change::NotReady(item) => ready.retain(|other| other != item),
                _ => {}
            }
        }
        let _ = write!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td>",
            n + 1,
            words::time(moment.time),
            moment.line.map_or(String::new(), |line| line.to_string()),
            escaped(&moment.text)
        );
        if queues {
            let mut names: Vec<String> =
                ready.iter().take(MOST_READY).map(|item| escaped(&story.items[*item].name)).collect();
            if ready.len() > MOST_READY {
                names.push(format!("and {} more", ready.len() - MOST_READY));
            }
            let _ = write!(html, "<td>{}</td>", names.join(", "));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></details>\n");
}

/// Writes what the stepper needs beside the table: names, the program, and of each step its place, line, runner, changes and event.
///
/// A line with a minus is where the task was made that has been at no other line yet.
pub(super) fn push_data(html: &mut String, run: &Run, story: &Story, layout: &Layout, lanes: &[Option<usize>]) {
    html.push_str("<script type=\"application/json\" class=\"trace-data\">{\"items\":[");
    for (n, (item, lane)) in story.items.iter().zip(lanes).enumerate() {
        let comma = if n > 0 { "," } else { "" };
        let lane = lane.map_or(-1, |lane| lane as i64);
        let _ = write!(html, "{comma}[{},{lane}]", text(&item.name));
    }
    html.push_str("],\n\"source\":");
    match &run.source {
        None => html.push_str("null"),
        Some(source) => {
            let lines: Vec<String> = source.lines.iter().map(|line| text(&line)).collect();
            let _ = write!(
                html,
                "{{\"file\":{},\"first\":{},\"lines\":[{}]}}",
                text(&source.file),
                source.first_line,
                lines.join(",")
            );
        }
    }
    html.push_str(",\n\"steps\":[\n");
    for (n, moment) in story.moments.iter().enumerate() {
        let comma = if n > 0 { ",\n" } else { "" };
        let changes: Vec<String> = moment.changes.iter().map(change).collect();
        let x = (layout.x[moment.event] * 10.0).round() / 10.0;
        let runs = moment.runs.map_or(-1, |item| item as i64);
        let made = moment.made.map_or(0, |made| -i64::from(made));
        let _ = write!(
            html,
            "{comma}[{x},{},{runs},[{}],{}]",
            moment.line.map_or(made, i64::from),
            changes.join(","),
            moment.event
        );
    }
    html.push_str("\n]}</script>\n");
}

fn change(change: &Change) -> String {
    match change {
        Change::Ready(item) => format!("[\"ready\",{item}]"),
        Change::NotReady(item) => format!("[\"unready\",{item}]"),
        Change::TimerSet(item, when) => format!("[\"timer\",{item},{},{}]", when.as_nanos(), text(&words::time(*when))),
        Change::TimerGone(item) => format!("[\"untimer\",{item}]"),
        Change::Waits(item, what) => format!("[\"waits\",{item},{}]", text(&what)),
        Change::WaitsNoMore(item) => format!("[\"goes\",{item}]"),
        Change::Pass(pass) => format!("[\"pass\",{pass}]"),
        Change::Prints => "[\"prints\"]".to_owned(),
    }
}
