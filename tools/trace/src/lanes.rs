//! The events of a run seen from each task: when it was ready, ran, and waited for what.

use std::collections::HashMap;

use asyncio::observe::{Awaited, Kind, Outcome};

use crate::recording::{Library, Run};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    Ready,
    Running,
    Waiting { on: On, label: String },
}

/// What a task waits for, as coarse as a character can tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum On {
    Sleep,
    Task,
    Queue,
    Other,
    Foreign,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    Done,
    Failed,
    Cancelled,
    Dropped,
}

impl End {
    pub(crate) fn name(self) -> &'static str {
        match self {
            End::Done => "done",
            End::Failed => "failed",
            End::Cancelled => "cancelled",
            End::Dropped => "dropped",
        }
    }
}

/// A stretch of events, by their numbers: from `begin` on and before `end`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) state: State,
    pub(crate) begin: usize,
    pub(crate) end: usize,
}

pub(crate) struct Lane {
    pub(crate) task: u64,
    pub(crate) name: String,
    pub(crate) spans: Vec<Span>,
    /// The event with which the task ended, and how.
    pub(crate) end: Option<(usize, End)>,
    /// True if the task was woken during its own step.
    woken: bool,
    waits: Option<(On, String)>,
}

impl Lane {
    fn enter(&mut self, state: State, at: usize) {
        self.leave(at);
        self.spans.push(Span { state, begin: at, end: usize::MAX });
    }

    fn leave(&mut self, at: usize) {
        if let Some(span) = self.spans.last_mut() {
            span.end = span.end.min(at);
        }
    }

    fn is_running(&self) -> bool {
        self.spans.last().is_some_and(|span| span.state == State::Running && span.end == usize::MAX)
    }

    fn finish(&mut self, at: usize, end: End) {
        self.end = Some((at, end));
        if !self.is_running() {
            self.leave(at);
        }
    }
}

pub(crate) fn seconds(time: std::time::Duration) -> String {
    let text = format!("{:.3}", time.as_secs_f64());
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} s")
}

/// Says what a promise is for, and of which kind that is.
pub(crate) fn promised(label: &str, until: Option<std::time::Duration>) -> (On, String) {
    let on = match label {
        "sleep" => On::Sleep,
        label if label.starts_with("queue") => On::Queue,
        _ => On::Other,
    };
    let until = until.map_or(String::new(), |t| format!(" until {}", seconds(t)));
    (on, format!("{label}{until}"))
}

/// Gives the lanes in the order in which the tasks were created.
pub(crate) fn of(run: &Run) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    let mut places: HashMap<u64, usize> = HashMap::new();
    let mut promises: HashMap<u64, (On, String)> = HashMap::new();
    for (n, record) in run.records.iter().enumerate() {
        let mut lane = |task: u64| {
            *places.entry(task).or_insert_with(|| {
                // A task that was made before the recording began has its usual name.
                lanes.push(Lane {
                    task,
                    name: format!("Task-{task}"),
                    spans: Vec::new(),
                    end: None,
                    woken: false,
                    waits: None,
                });
                lanes.len() - 1
            })
        };
        match &record.event.kind {
            Kind::TaskCreated { task, name } | Kind::TaskNamed { task, name } => {
                let place = lane(*task);
                lanes[place].name = name.clone();
            }
            Kind::Woken { task } => {
                let place = lane(*task);
                let lane = &mut lanes[place];
                if lane.is_running() {
                    lane.woken = true;
                } else {
                    lane.enter(State::Ready, n);
                }
            }
            Kind::StepBegin { task } => {
                let place = lane(*task);
                lanes[place].woken = false;
                lanes[place].enter(State::Running, n);
            }
            Kind::Awaits { task, on } => {
                let place = lane(*task);
                let waits = match on {
                    Awaited::Task(other) => {
                        let other = self::name(&lanes, &places, *other);
                        (On::Task, other)
                    }
                    Awaited::Promise(promise) => {
                        promises.get(promise).cloned().unwrap_or((On::Other, format!("promise {promise}")))
                    }
                    Awaited::Turn => (On::Other, "its turn".to_owned()),
                    Awaited::Foreign if run.library == Library::Tokio => (On::Foreign, String::new()),
                    Awaited::Foreign => (On::Foreign, "another library".to_owned()),
                };
                lanes[place].waits = Some(waits);
            }
            Kind::StepEnd { task } => {
                let place = lane(*task);
                let lane = &mut lanes[place];
                if lane.end.is_some() {
                    lane.leave(n);
                } else if lane.woken {
                    lane.enter(State::Ready, n);
                } else {
                    let (on, label) = lane.waits.clone().unwrap_or((On::Foreign, String::new()));
                    lane.enter(State::Waiting { on, label }, n);
                }
            }
            Kind::TaskDone { task, outcome } => {
                let place = lane(*task);
                let end = match outcome {
                    Outcome::Result => End::Done,
                    Outcome::Exception(_) => End::Failed,
                    Outcome::Cancelled => End::Cancelled,
                };
                lanes[place].finish(n, end);
            }
            Kind::TaskDropped { task } => {
                let place = lane(*task);
                lanes[place].finish(n, End::Dropped);
            }
            Kind::PromiseCreated { promise, label, until } => {
                promises.insert(*promise, promised(label, until.map(|until| until.0)));
            }
            _ => {}
        }
    }
    for lane in &mut lanes {
        lane.leave(run.records.len());
    }
    lanes
}

fn name(lanes: &[Lane], places: &HashMap<u64, usize>, task: u64) -> String {
    places.get(&task).map_or_else(|| format!("Task-{task}"), |place| lanes[*place].name.clone())
}
