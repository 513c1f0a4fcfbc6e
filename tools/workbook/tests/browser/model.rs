//! What a stepper has to show after an event, worked out from the trace's JSON alone.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use serde_json::Value;

/// What holds after some event. Names are as a reader sees them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    pub ready: Vec<String>,
    pub timers: Vec<String>,
    pub waiting: Vec<String>,
    pub output: Vec<String>,
    pub line: Option<u64>,
    /// Where the task was made, as long as it was at no line.
    pub made: Option<u64>,
    pub pass: u64,
}

#[derive(Default)]
struct Model {
    names: HashMap<String, String>,
    made: HashMap<String, u64>,
    promises: HashMap<u64, String>,
    ready: Vec<String>,
    timers: Vec<(u64, String)>,
    waiting: Vec<(String, String)>,
    awaits: HashMap<String, Vec<String>>,
    again: bool,
    ended: Vec<String>,
    output: Vec<String>,
    pass: u64,
}

fn text(event: &Value, field: &str) -> String {
    words(&event[field])
}

/// Writes a text as it is, and what has a kind and a number with a space between them.
fn words(value: &Value) -> String {
    match value.as_object().and_then(|numbered| numbered.iter().next()) {
        Some((kind, number)) => format!("{kind} {number}"),
        None => value.as_str().unwrap_or_default().to_owned(),
    }
}

fn task(event: &Value) -> String {
    format!("task {}", event["task"])
}

fn callback(event: &Value) -> String {
    format!("callback {}", event["callback"])
}

fn seconds(nanoseconds: u64) -> String {
    format!("{} s", nanoseconds as f64 / 1e9)
}

/// Gives what has to be shown after each event of the run.
pub fn shown(run: &Value) -> Result<Vec<Shown>> {
    let events = run["events"].as_array().expect("a list");
    let mut model = Model { names: names(events), pass: 1, ..Model::default() };
    let mut shown = Vec::new();
    for event in events {
        model.follow(event)?;
        let name = |who: &String| model.names[who].clone();
        let mut timers = model.timers.clone();
        timers.sort_by_key(|(when, _)| *when);
        shown.push(Shown {
            ready: model.ready.iter().map(name).collect(),
            timers: timers.iter().map(|(when, who)| format!("{}: {}", seconds(*when), name(who))).collect(),
            waiting: model.waiting.iter().map(|(who, what)| format!("{} {what}", name(who))).collect(),
            output: model.output.clone(),
            line: event["line"].as_u64(),
            made: match event["line"].as_u64() {
                Some(_) => None,
                None => model.made.get(&text(event, "by")).copied(),
            },
            pass: model.pass,
        });
    }
    Ok(shown)
}

/// The last name of each task; callbacks of the library by what they are for, those of the program by a number.
fn names(events: &[Value]) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for event in events {
        let what = text(event, "what");
        if what == "task_created" || what == "task_named" {
            names.insert(task(event), text(event, "name"));
        }
    }
    if let Some(main) = names.get_mut("task 1") {
        *main = main.replace("Task-1", "main");
    }
    let mut own = 0;
    for event in events {
        let what = text(event, "what");
        if what == "callback_scheduled" || what == "timer_set" {
            let name = match &*text(event, "name") {
                "start_timer" => format!("sleep timer of {}", names[&text(event, "by")]),
                "gather" => "callback of gather".to_owned(),
                "run_until_complete" => "end of the run".to_owned(),
                _ => {
                    own += 1;
                    format!("callback {own}")
                }
            };
            names.insert(callback(event), name);
        }
    }
    names
}

impl Model {
    fn follow(&mut self, event: &Value) -> Result<()> {
        match &*text(event, "what") {
            "task_created" => {
                let line = event["at"]["line"].as_u64();
                self.made.extend(line.map(|line| (task(event), line)));
            }
            "woken" => {
                self.ready.push(task(event));
                self.again = text(event, "by") == task(event);
                self.stop_waiting(&task(event));
            }
            "step_begin" => {
                self.run(&task(event));
                self.awaits.remove(&task(event));
                self.again = false;
            }
            "awaits" => {
                let what = self.awaited(&text(event, "on"));
                self.awaits.entry(task(event)).or_default().push(what);
            }
            "step_end" if !self.again && !self.ended.contains(&task(event)) => {
                let what = self.awaits[&task(event)].join(", ");
                self.waiting.push((task(event), what));
            }
            "task_done" => self.ended.push(task(event)),
            "promise_created" => {
                let label = match event["until"].as_u64() {
                    Some(until) => format!("sleeps until {}", seconds(until)),
                    None => format!("awaits {}", text(event, "label")),
                };
                let promise = event["promise"].as_u64().unwrap_or(0);
                self.promises.insert(promise, label);
            }
            "callback_scheduled" => self.ready.push(callback(event)),
            "callback_begin" | "callback_cancelled" => self.run(&callback(event)),
            "timer_set" => {
                let when = event["when"].as_u64().unwrap_or(0);
                self.timers.push((when, callback(event)));
            }
            "timer_fired" => {
                self.timers.retain(|(_, who)| *who != callback(event));
                self.ready.push(callback(event));
            }
            "timer_cancelled" => self.timers.retain(|(_, who)| *who != callback(event)),
            "note" => self.output.push(text(event, "text")),
            "pass_end" => {
                self.check(event)?;
                self.pass += 1;
            }
            _ => {}
        }
        Ok(())
    }

    fn run(&mut self, who: &str) {
        if let Some(place) = self.ready.iter().position(|other| other == who) {
            self.ready.remove(place);
        }
        self.stop_waiting(who);
    }

    fn stop_waiting(&mut self, who: &str) {
        self.waiting.retain(|(other, _)| other != who);
    }

    fn awaited(&self, on: &str) -> String {
        match on.split_once(' ') {
            Some(("promise", number)) => self.promises[&number.parse().unwrap_or(0)].clone(),
            Some(_) => format!("awaits {}", self.names[on]),
            None => format!("awaits {on}"),
        }
    }

    /// The loop itself says at the end of each pass what is ready and which timers are set.
    fn check(&self, event: &Value) -> Result<()> {
        let ready: Vec<String> = event["ready"].as_array().into_iter().flatten().map(words).collect();
        ensure!(self.ready == ready, "{:?} are ready, not {ready:?}", self.ready);
        let mut timers: Vec<(u64, String)> = self.timers.clone();
        timers.sort_by_key(|(when, _)| *when);
        let told: Vec<(u64, String)> = event["timers"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|timer| (timer["when"].as_u64().unwrap_or(0), callback(timer)))
            .collect();
        ensure!(timers == told, "{timers:?} are set, not {told:?}");
        Ok(())
    }
}
