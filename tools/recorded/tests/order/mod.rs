//! What two runs of the same program have in common if both loops do the same in the same order.

use std::collections::{BTreeMap, HashMap, HashSet};

use asyncio::observe::{Event, Kind};
use serde_json::{Value, json};

/// What a loop of this library need not do: CPython 3.14 keeps who awaits whom, for its debugging tools.
const BOOKKEEPING: &str = "asyncio.tasks.shield.<locals>._clear_awaited_by_callback";

/// Gives the events of a run, one on a line, as far as they do not depend on the language.
///
/// All of them are compared, with who did what, when, and in which pass; the ready queue and the timers after each pass are, too.
/// Left out are the places in the text, the names of functions, and the texts of errors. Tasks, promises, callbacks and queues are
/// numbered as they come, and a task has the name that it had at last.
pub fn order(events: &[Event]) -> Vec<String> {
    let mut numbers = HashMap::new();
    let mut names = BTreeMap::new();
    let mut hidden = HashSet::new();
    let mut order = Vec::new();
    for event in events {
        match &event.kind {
            Kind::TaskNamed { task, name } => {
                names.insert(*task, name.clone());
                continue;
            }
            Kind::TaskCreated { task, name } => {
                names.insert(*task, name.clone());
            }
            Kind::CallbackScheduled { callback, name } if name == BOOKKEEPING => {
                hidden.insert(*callback);
            }
            _ => {}
        }
        let mut event = serde_json::to_value(event).unwrap();
        let fields = event.as_object_mut().unwrap();
        fields.remove("at");
        fields.remove("name");
        fields.remove("message");
        // A barrier waits on a condition, which is what this library tells.
        let called = |label: &str| fields.get("label").is_some_and(|called| called == label);
        if let Some((_, ours)) =
            [("future", "promise"), ("barrier", "condition")].iter().find(|(theirs, _)| called(theirs))
        {
            fields["label"] = json!(ours);
        }
        if fields.get("outcome").is_some_and(Value::is_object) {
            fields["outcome"] = json!("exception");
        }
        let is_hidden = |value: &Value| {
            let callback = value["callback"].as_u64();
            callback.is_some_and(|callback| hidden.contains(&callback))
        };
        if let Some(ready) = fields.get_mut("ready").and_then(Value::as_array_mut) {
            ready.retain(|queued| !is_hidden(queued));
        }
        if is_hidden(&event) || is_hidden(&event["by"]) {
            continue;
        }
        renumber(&mut event, &mut numbers);
        order.push(event.to_string());
    }
    // Who has no name of its own is told by its number.
    for (task, name) in names.into_iter().filter(|(_, name)| !name.starts_with("Task-")) {
        order.push(format!("{:?} is {name}", numbers.get(&("task".to_owned(), task))));
    }
    order
}

/// Numbers what the events name in the order in which it comes.
fn renumber(value: &mut Value, numbers: &mut HashMap<(String, u64), usize>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (&**key, value.as_u64()) {
                    ("task" | "callback" | "promise" | "queue", Some(number)) => {
                        let next = numbers.keys().filter(|(kind, _)| kind == key).count() + 1;
                        *value = json!(*numbers.entry((key.clone(), number)).or_insert(next));
                    }
                    _ => renumber(value, numbers),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| renumber(value, numbers)),
        _ => {}
    }
}

/// Shows where two orders part, with what both did before.
pub fn difference(ours: &[String], theirs: &[String]) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let same = ours.iter().zip(theirs).take_while(|(ours, theirs)| ours == theirs).count();
    let from = |order: &[String]| order[same..].iter().take(4).map(|line| format!("\n    {line}")).collect::<String>();
    let before = ours[..same].last().map_or("the beginning", |line| line);
    Some(format!("after {before}\n  this library goes on with{}\n  asyncio goes on with{}", from(ours), from(theirs)))
}
