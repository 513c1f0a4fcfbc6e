//! The tasks and callbacks of a run, what they are called, and what they do when.

use std::collections::HashMap;

use asyncio::observe::{Actor, Kind};

use super::story::{Item, Who, actor_item};
use super::words;
use crate::lanes::{self, End, On, Span, State};
use crate::recording::Run;

/// Gives the tasks in the order in which they were made, then the callbacks.
pub(super) fn items(run: &Run) -> (Vec<Item>, HashMap<Who, usize>) {
    let mut items: Vec<Item> = lanes::of(run)
        .into_iter()
        .map(|lane| Item {
            who: Who::Task(lane.task),
            name: words::short_name(&lane.name),
            inner: false,
            spans: lane.spans,
            end: lane.end,
            asked: Vec::new(),
        })
        .collect();
    name_main(run, &mut items);
    let mut places: HashMap<Who, usize> = (0..items.len()).map(|n| (items[n].who, n)).collect();
    let mut own = 0;
    for (n, record) in run.records.iter().enumerate() {
        let (callback, name) = match &record.event.kind {
            Kind::CallbackScheduled { callback, name } => (*callback, &**name),
            Kind::TimerSet { callback, name, .. } => (*callback, &**name),
            Kind::CancelRequested { task, .. } => {
                let place = places.get(&Who::Task(*task));
                place.into_iter().for_each(|place| items[*place].asked.push(n));
                continue;
            }
            kind => {
                follow_callback(&mut items, &places, n, kind);
                continue;
            }
        };
        let who = Who::Callback(callback);
        // asyncio also fills a future in this way that nobody's time has to do with.
        let is_timer = matches!(record.event.kind, Kind::TimerSet { .. });
        let inner = match words::inner_callback(name) {
            Some("sleep timer") if !is_timer => Some("callback of asyncio"),
            inner => inner,
        };
        let name = match inner {
            Some("sleep timer") => {
                let of = actor_item(record.event.by).and_then(|who| places.get(&who));
                of.map_or("sleep timer".to_owned(), |of| format!("sleep timer of {}", items[*of].name))
            }
            Some(inner) => inner.to_owned(),
            None => {
                own += 1;
                format!("callback {own}")
            }
        };
        places.insert(who, items.len());
        items.push(Item { who, name, inner: inner.is_some(), spans: Vec::new(), end: None, asked: Vec::new() });
        follow_callback(&mut items, &places, n, &record.event.kind);
    }
    for item in &mut items {
        leave(&mut item.spans, run.records.len());
    }
    (items, places)
}

/// The first task of a program is called `main` unless the program gave it another name.
fn name_main(run: &Run, items: &mut [Item]) {
    let mut outside = run.records.iter().filter_map(|record| match record.event {
        asyncio::observe::Event { by: Actor::Outside, kind: Kind::TaskCreated { task, .. }, .. } => Some(task),
        _ => None,
    });
    if let (Some(main), None) = (outside.next(), outside.next())
        && let Some(item) = items.iter_mut().find(|item| item.who == Who::Task(main))
        && item.name == format!("Task-{main}")
    {
        item.name = "main".to_owned();
    }
}

fn leave(spans: &mut [Span], at: usize) {
    if let Some(span) = spans.last_mut() {
        span.end = span.end.min(at);
    }
}

/// Keeps the spans of a callback: it waits for its time, is ready, and runs.
fn follow_callback(items: &mut [Item], places: &HashMap<Who, usize>, n: usize, kind: &Kind) {
    let (callback, state, end) = match kind {
        Kind::TimerSet { callback, when, .. } => {
            let label = format!("timer until {}", words::time(when.0));
            let on = On::Sleep;
            (callback, Some(State::Waiting { on, label }), None)
        }
        Kind::CallbackScheduled { callback, .. } | Kind::TimerFired { callback } => {
            (callback, Some(State::Ready), None)
        }
        Kind::CallbackBegin { callback } => (callback, Some(State::Running), None),
        Kind::CallbackEnd { callback } => (callback, None, None),
        Kind::CallbackCancelled { callback } | Kind::TimerCancelled { callback } => {
            (callback, None, Some((n, End::Cancelled)))
        }
        _ => return,
    };
    let Some(place) = places.get(&Who::Callback(*callback)) else {
        return;
    };
    let item = &mut items[*place];
    leave(&mut item.spans, n);
    item.end = item.end.or(end);
    item.spans.extend(state.map(|state| Span { state, begin: n, end: usize::MAX }));
}
