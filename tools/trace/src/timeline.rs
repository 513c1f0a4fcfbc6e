//! The timeline for the terminal.
//!
//! A column is a turn, a step or a callback, and between two moments there are columns for the time that passes. A run with more
//! turns than columns puts several into one.

use std::fmt::Write;
use std::time::Duration;

use asyncio::observe::Kind;

use crate::lanes::{self, End, Lane, On, State, seconds};
use crate::recording::{Clock, Run, Trace};

const RUNS: char = '█';
const READY: char = '░';
/// The longest name of a lane.
const NAME: usize = 24;
/// The name of the lane of the callbacks.
const CALLBACKS: &str = "callbacks";

/// Events of one column: from `begin` on and before `end`.
struct Column {
    begin: usize,
    end: usize,
    time: Duration,
}

/// A turn, or the time that passes before the next one, and how many columns it would like.
struct Stretch {
    begin: usize,
    end: usize,
    time: Duration,
    weight: f64,
}

impl Trace {
    /// Draws the runs below one another, each at most `width` columns wide.
    pub fn timeline(&self, width: usize) -> String {
        let drawings: Vec<String> = self.runs.iter().map(|run| run.timeline(width)).collect();
        drawings.join("\n")
    }
}

impl Run {
    /// Draws the run: a lane per task, at most `width` columns wide, but never less than 40.
    pub fn timeline(&self, width: usize) -> String {
        of(self, width.max(40))
    }
}

fn of(run: &Run, width: usize) -> String {
    let lanes = lanes::of(run);
    let names: Vec<String> = lanes.iter().map(|lane| shortened(&lane.name)).collect();
    let margin = names.iter().map(|name| name.chars().count()).chain([CALLBACKS.len()]).max().unwrap_or(0) + 1;
    let columns = columns(run, width - margin);
    if columns.is_empty() {
        return format!("{}\nnothing ran on this loop\n", run.title);
    }
    let mut drawing = format!("{}\n", run.title);
    push_row(&mut drawing, "", margin, &axis(&columns, width - margin));
    let mut used = Vec::new();
    for (lane, name) in lanes.iter().zip(&names) {
        let row: Vec<char> = draw(lane, &columns);
        used.extend(row.iter().copied());
        push_row(&mut drawing, name, margin, &labelled(lane, &columns, row));
    }
    let callbacks: String = columns.iter().map(|column| callback_in(run, column)).collect();
    if callbacks.contains(RUNS) {
        push_row(&mut drawing, CALLBACKS, margin, &callbacks);
    }
    push_legend(&mut drawing, &used, width);
    drawing
}

fn push_row(drawing: &mut String, name: &str, margin: usize, row: &str) {
    let _ = writeln!(drawing, "{}", format!("{name:margin$}{row}").trim_end());
}

fn shortened(name: &str) -> String {
    let name: String = name.chars().map(|c| if c < ' ' { ' ' } else { c }).collect();
    if name.chars().count() <= NAME {
        return name;
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

/// Cuts the run into turns and the times between them.
fn stretches(run: &Run, room: usize) -> Vec<Stretch> {
    let mut turns: Vec<Stretch> = Vec::new();
    // What happens between two turns, a wake-up by the system, say, belongs to the later one.
    let mut begin = 0;
    for (n, record) in run.records.iter().enumerate() {
        match record.event.kind {
            Kind::StepBegin { .. } | Kind::CallbackBegin { .. } => {
                turns.push(Stretch { begin, end: n + 1, time: record.event.time.0, weight: 1.0 })
            }
            Kind::StepEnd { .. } | Kind::CallbackEnd { .. } => begin = n + 1,
            _ => continue,
        }
        if let Some(turn) = turns.last_mut() {
            turn.end = n + 1;
        }
    }
    if let Some(turn) = turns.last_mut() {
        turn.end = run.records.len();
    }
    let whole = turns.last().map_or(0.0, |last| (last.time - turns[0].time).as_secs_f64());
    let gaps = turns.windows(2).filter(|pair| pair[0].time < pair[1].time).count();
    // On a real clock every turn has its own moment, and most of them are too near to be told apart.
    let least = match run.clock {
        Clock::Virtual => 1.0,
        Clock::Real => 0.0,
    };
    let spare = (room as f64 - turns.len() as f64 - gaps as f64 * least).max(0.0);
    let mut all: Vec<Stretch> = Vec::new();
    for turn in turns {
        if let Some(last) = all.last() {
            let passed = (turn.time - last.time).as_secs_f64();
            if passed > 0.0 {
                all.push(Stretch {
                    begin: turn.begin,
                    end: turn.begin,
                    time: last.time,
                    weight: least + (spare * passed / whole).floor(),
                });
            }
        }
        all.push(turn);
    }
    all
}

fn columns(run: &Run, room: usize) -> Vec<Column> {
    let stretches = stretches(run, room);
    let total: f64 = stretches.iter().map(|stretch| stretch.weight).sum();
    let scale = (room as f64 / total).min(1.0);
    let mut columns: Vec<Column> = Vec::new();
    let mut position = 0.0;
    for stretch in stretches {
        let from = (position * scale) as usize;
        position += stretch.weight;
        let to = ((position * scale) as usize).min(room);
        if from < columns.len() || from == to {
            // There is no column left for it, so it shares the last one.
            if let Some(last) = columns.last_mut() {
                last.end = last.end.max(stretch.end);
            }
        }
        for _ in columns.len()..to {
            columns.push(Column { begin: stretch.begin, end: stretch.end, time: stretch.time });
        }
    }
    columns
}

/// Writes the times at which something happens, where there is room.
fn axis(columns: &[Column], room: usize) -> String {
    let mut axis = String::new();
    let mut last = None;
    for (at, column) in columns.iter().enumerate() {
        let length = axis.chars().count();
        let text = seconds(column.time);
        // The last moments are moved to the left, so that they are not cut off.
        let start = at.min(room.saturating_sub(text.len()));
        let fits = length == 0 || length < start;
        if last.as_ref() != Some(&text) && fits {
            axis.extend(std::iter::repeat_n(' ', start - length));
            axis.push_str(&text);
            last = Some(text);
        }
    }
    axis
}

fn mark(end: End) -> char {
    match end {
        End::Done => '✓',
        End::Failed => '!',
        End::Cancelled => '✗',
        End::Dropped => '†',
    }
}

fn filling(on: On) -> char {
    match on {
        On::Sleep => '~',
        On::Task => '-',
        On::Queue => ':',
        On::Other => '=',
        On::Foreign => '?',
    }
}

fn draw(lane: &Lane, columns: &[Column]) -> Vec<char> {
    columns
        .iter()
        .map(|column| {
            if let Some((at, end)) = lane.end
                && (column.begin..column.end).contains(&at)
            {
                return mark(end);
            }
            let runs = |span: &&lanes::Span| {
                span.state == State::Running && span.begin < column.end && span.end > column.begin
            };
            if lane.spans.iter().any(|span| runs(&span)) {
                return RUNS;
            }
            // What the task does at the end of the column; passing time shows what held before the next turn.
            let now = column.end.saturating_sub(1);
            match span_at(lane, now) {
                None => ' ',
                Some(State::Running) => RUNS,
                Some(State::Ready) => READY,
                Some(State::Waiting { on, .. }) => filling(*on),
            }
        })
        .collect()
}

fn span_at(lane: &Lane, event: usize) -> Option<&State> {
    let span = lane.spans.iter().find(|span| span.begin <= event && event < span.end)?;
    Some(&span.state)
}

/// Writes what a task waits for into its longer waits.
fn labelled(lane: &Lane, columns: &[Column], mut row: Vec<char>) -> String {
    for span in &lane.spans {
        let State::Waiting { on, label } = &span.state else {
            continue;
        };
        // The step that begins the wait has a column in which the task runs.
        let waits = |(column, drawn): (&Column, &char)| {
            let now = column.end.saturating_sub(1);
            *drawn == filling(*on) && span.begin <= now && now < span.end
        };
        let Some(first) = columns.iter().zip(&row).position(waits) else {
            continue;
        };
        let length = row[first..].iter().take_while(|c| **c == filling(*on)).count();
        let needed = label.chars().count();
        if needed > 0 && length >= needed + 2 {
            for (place, c) in row[first + 1..].iter_mut().zip(label.chars()) {
                *place = if c < ' ' { ' ' } else { c };
            }
        }
    }
    row.into_iter().collect()
}

fn callback_in(run: &Run, column: &Column) -> char {
    let runs = run.records[column.begin..column.end]
        .iter()
        .any(|record| matches!(record.event.kind, Kind::CallbackBegin { .. }));
    if runs { RUNS } else { ' ' }
}

fn push_legend(drawing: &mut String, used: &[char], width: usize) {
    let entries = [
        (RUNS, "runs"),
        (READY, "is ready"),
        (filling(On::Sleep), "sleeps"),
        (filling(On::Task), "awaits a task"),
        (filling(On::Queue), "awaits a queue"),
        (filling(On::Other), "awaits something else"),
        (filling(On::Foreign), "awaits a future of another library"),
        (mark(End::Done), "runs and is done"),
        (mark(End::Failed), "fails"),
        (mark(End::Cancelled), "is cancelled"),
        (mark(End::Dropped), "is dropped"),
    ];
    let mut line = String::new();
    for (c, meaning) in entries.iter().filter(|(c, _)| used.contains(c)) {
        let entry = format!("{c} {meaning}");
        if !line.is_empty() && line.chars().count() + 2 + entry.chars().count() > width {
            let _ = writeln!(drawing, "{line}");
            line.clear();
        }
        if !line.is_empty() {
            line.push_str("  ");
        }
        line.push_str(&entry);
    }
    let _ = writeln!(drawing, "{line}");
}
