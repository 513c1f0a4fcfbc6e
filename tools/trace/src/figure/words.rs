//! What things are called in a figure, for readers who have not read the schema.

use std::time::Duration;

use crate::lanes::{On, seconds};
use crate::recording::Library;

/// The longest name, and the longest line of output, that a figure shows whole.
const LONGEST: usize = 200;

/// The longest name that leaves room for the rest of its sentence.
const LONGEST_NAME: usize = 80;

/// Cuts a name that would fill the sentences it stands in.
pub(super) fn short_name(name: &str) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// A sentence of the author's as HTML: what stands between backticks is code.
pub(super) fn with_code(text: &str) -> String {
    let html = escaped(text);
    let parts: Vec<&str> = html.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return html;
    }
    let marked = parts.iter().enumerate().map(|(n, part)| match n.is_multiple_of(2) {
        true => (*part).to_owned(),
        false => format!("<code>{part}</code>"),
    });
    marked.collect()
}

/// Escapes text for an element and for an attribute. A line break becomes a reference, so that no line of a figure is blank.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    let mut length = 0;
    for c in text.chars() {
        length += 1;
        if length > LONGEST {
            html.push('…');
            break;
        }
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            '\n' => html.push_str("&#10;"),
            '\t' => html.push_str("&#9;"),
            c if is_unwelcome(c) => html.push('\u{fffd}'),
            c => html.push(c),
        }
    }
    html
}

/// Tells whether a character has no picture, or turns the text around it.
fn is_unwelcome(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What the callback is called with which a run ends. Every run has one, so that pictures leave it out.
pub(super) const END_OF_RUN: &str = "end of the run";

/// Names the callbacks that the library makes for itself by what they do; the program's own have no such name.
///
/// Simplification: a callback is known by the function that it was written in, so a program's function of the same name is taken
/// for the library's.
pub(super) fn inner_callback(function: &str) -> Option<&'static str> {
    Some(match function {
        "start_timer" => "sleep timer",
        "set_alarm" => "timeout",
        "start_wait" => "limit of wait",
        "wait" => "callback of wait",
        "gather" => "callback of gather",
        "shield" => "callback of shield",
        "as_completed" => "callback of as_completed",
        "run_until_complete" => END_OF_RUN,
        "spawn_task" | "create_task" => "callback of the task group",
        "start" => "message to a thread",
        name => return name.strip_prefix("asyncio.").map(callback_of_asyncio),
    })
}

/// Names the callbacks that Python's asyncio makes for itself, whose names begin with their modules.
fn callback_of_asyncio(name: &str) -> &'static str {
    match name {
        "futures._set_result_unless_cancelled" => "sleep timer",
        "timeouts.Timeout._on_timeout" => "timeout",
        "tasks._release_waiter" => "limit of wait",
        "tasks._wait.<locals>._on_completion" => "callback of wait",
        "tasks.gather.<locals>._done_callback" => "callback of gather",
        "base_events._run_until_complete_cb" => END_OF_RUN,
        "taskgroups.TaskGroup._on_task_done" => "callback of the task group",
        "futures._chain_future.<locals>._set_state" => "message of a thread",
        name if name.starts_with("selector_events.") => "callback of a socket",
        name if name.starts_with("tasks.shield.") => "callback of shield",
        name if name.contains("as_completed") || name.contains("AsCompleted") => "callback of as_completed",
        _ => "callback of asyncio",
    }
}

/// Tells whether a label is that of a promise which the program makes for itself; asyncio calls it a future.
pub(super) fn is_own(label: &str) -> bool {
    matches!(label, "promise" | "future")
}

/// The longest text that a picture widens a short wait for.
const SHORTEST: usize = 18;

/// Leaves the verb of a wait out.
pub(super) fn without_verb(waits: &str) -> &str {
    let verbs = ["awaits ", "waits "];
    let rest = verbs.iter().find_map(|verb| waits.strip_prefix(verb));
    rest.unwrap_or(waits)
}

/// Shortens what is written at a wait to what has room everywhere.
pub(super) fn short_wait(waits: &str) -> String {
    let (first, more) = match waits.split_once(", ") {
        Some((first, _)) => (first, ", …"),
        None => (waits, ""),
    };
    let short = match without_verb(first) {
        "a future of another library" => "another library",
        "something not recorded" => "not recorded",
        rest => rest.split(" until ").next().unwrap_or(rest),
    };
    let short = format!("{}{more}", short.trim_end_matches(" at the latest"));
    match short.char_indices().nth(SHORTEST) {
        Some(_) => short.chars().take(SHORTEST - 1).chain(['…']).collect(),
        None => short,
    }
}

/// The time that a wait for nothing but a time ends at, and else nothing.
pub(super) fn until(waits: &str) -> String {
    match waits.split_once(" until ") {
        Some((_, time)) if !time.contains(", ") => format!("until {time}"),
        _ => String::new(),
    }
}

/// Says what a task is doing while it waits.
pub(super) fn waiting(on: On, label: &str) -> String {
    match (on, label) {
        (On::Sleep, label) => label.replacen("sleep", "sleeps", 1),
        (On::Task, task) => format!("awaits {task}"),
        (_, "queue get") => "awaits an item".to_owned(),
        (_, "queue put") => "awaits room".to_owned(),
        (_, "queue join") => "awaits join".to_owned(),
        (_, "lock") => "awaits the lock".to_owned(),
        (_, "event") => "awaits the event".to_owned(),
        (_, "semaphore") => "awaits a permit".to_owned(),
        (_, "condition") => "awaits the condition".to_owned(),
        (_, "barrier") => "awaits the barrier".to_owned(),
        (_, own) if is_own(own) => format!("awaits the {own}"),
        (_, "task group") => "awaits the group".to_owned(),
        (_, "thread") => "awaits a thread".to_owned(),
        (_, "process") => "awaits a process".to_owned(),
        (_, "socket") => "awaits the socket".to_owned(),
        (_, "server") => "awaits the server's end".to_owned(),
        (_, "transport") => "awaits the connection".to_owned(),
        (_, "value") => "awaits a value".to_owned(),
        (_, "notification") => "awaits a notification".to_owned(),
        (_, "change") => "awaits a change".to_owned(),
        (_, "tick") => "awaits the next tick".to_owned(),
        (_, "join set") => "awaits a task of the set".to_owned(),
        (_, label) if label.starts_with("timeout until ") => {
            let until = label.trim_start_matches("timeout ");
            format!("waits {until} at the latest")
        }
        (_, label) => format!("awaits {label}"),
    }
}

/// Says that a task waits for what the record does not know more of.
pub(super) fn waiting_elsewhere(library: Library) -> String {
    match library {
        Library::Asyncio | Library::Cpython => "awaits a future of another library",
        Library::Tokio => "awaits something not recorded",
    }
    .to_owned()
}

/// Writes a time for an axis: on a real clock most are well below a second.
pub(super) fn time(time: Duration) -> String {
    match time.as_nanos() {
        1..1_000_000 => format!("{} µs", time.as_nanos() / 1_000),
        1_000_000..1_000_000_000 if !time.subsec_nanos().is_multiple_of(1_000_000) => {
            format!("{:.1} ms", time.as_secs_f64() * 1e3)
        }
        1_000_000..100_000_000 => format!("{} ms", time.as_millis()),
        _ => seconds(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_can_leave_it() {
        let text = "</script><b a='1' b=\"2\">&\n\n\u{202e}\u{0}\u{7f}";
        assert_eq!(
            escaped(text),
            "&lt;/script&gt;&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;&#10;&#10;\u{fffd}\u{fffd}\u{fffd}"
        );
        assert_eq!(escaped(&"a".repeat(500)).chars().count(), 201);
        assert_eq!(short_name(&"ä".repeat(500)).chars().count(), 81);
    }

    #[test]
    fn a_short_wait_still_says_what_for() {
        let shortest = [
            ("awaits an item", "an item"),
            ("sleeps until 1.5 s", "sleeps"),
            ("timer until 3 s", "timer"),
            ("waits until 2 s at the latest", "until 2 s"),
            ("awaits green, sleeps until 1 s", "green, …"),
            ("awaits green and 3 more", "green and 3 more"),
            ("awaits the task of a long name", "the task of a lon…"),
            ("awaits something not recorded", "not recorded"),
            ("awaits a future of another library", "another library"),
        ];
        for (whole, short) in shortest {
            assert_eq!(short_wait(whole), short);
        }
    }

    #[test]
    fn short_times_have_short_units() {
        let times = [0, 15_000, 1_500_000, 20_000_000, 250_000_000, 1_500_000_000];
        let texts = times.map(|nanos| time(Duration::from_nanos(nanos)));
        assert_eq!(texts, ["0 s", "15 µs", "1.5 ms", "20 ms", "0.25 s", "1.5 s"]);
    }
}
