//! `SCHEMA.md` says what the library writes, neither more nor less.

use std::collections::{BTreeMap, BTreeSet};

use asyncio::observe::{Awaited, Kind, Outcome};
use serde_json::{Map, Value, json};

mod book;

/// Splits a text at backquotes, and gives what they enclose.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Gives the cells of a table's rows.
fn rows(head: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let (_, table) = include_str!("../SCHEMA.md").split_once(head).expect("such a table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').skip(1).collect())
}

/// Gives the names and fields of the table of events.
fn described() -> BTreeMap<String, BTreeSet<String>> {
    let mut described = BTreeMap::new();
    for cells in rows("| `what` | further fields |") {
        let fields: BTreeSet<String> = quoted(cells[1]).map(str::to_owned).collect();
        described.extend(quoted(cells[0]).map(|name| (name.to_owned(), fields.clone())));
    }
    described
}

/// Gives the variants of an enum, which its derived reader names when it is given another.
fn variants<T: serde::de::DeserializeOwned>(unknown: Value) -> Vec<String> {
    let error = serde_json::from_value::<T>(unknown).err().expect("there is no such variant");
    let error = error.to_string();
    let (_, expected) = error.split_once("expected").expect("the error lists the variants");
    quoted(expected).map(str::to_owned).collect()
}

/// Gives the fields of an event: those that its reader misses, and those that it writes besides.
fn fields(what: &str) -> BTreeSet<String> {
    let mut event = Map::from_iter([("what".to_owned(), json!(what))]);
    let values = [json!(1), json!("result"), json!("turn"), json!([]), json!(null)];
    loop {
        let error = match serde_json::from_value::<Kind>(Value::Object(event.clone())) {
            Ok(kind) => {
                let written = serde_json::to_value(kind).expect("an event can be written");
                let keys = written.as_object().expect("an object").keys();
                return keys.filter(|key| *key != "what").cloned().collect();
            }
            Err(error) => error.to_string(),
        };
        let (_, rest) = error.split_once("missing field").unwrap_or_else(|| panic!("{error}"));
        let missing = quoted(rest).next().expect("the field's name").to_owned();
        let fits = |value: &&Value| {
            let mut event = event.clone();
            event.insert(missing.clone(), (*value).clone());
            let read = serde_json::from_value::<Kind>(Value::Object(event));
            read.map_or_else(|error| error.to_string().contains("missing field"), |_| true)
        };
        let value = values.iter().find(fits).unwrap_or_else(|| panic!("{missing}: {error}"));
        event.insert(missing.clone(), value.clone());
    }
}

#[test]
fn every_event_and_each_of_its_fields_is_described_and_nothing_else() {
    let kinds = variants::<Kind>(json!({"what": "?"}));
    let written: BTreeMap<_, _> = kinds.iter().map(|kind| (kind.clone(), fields(kind))).collect();
    assert!(written.len() > 20, "{written:?}");
    assert_eq!(described(), written);
}

#[test]
fn what_a_task_waits_for_and_how_it_ends_is_described() {
    let page = include_str!("../SCHEMA.md");
    let names = [variants::<Awaited>(json!("?")), variants::<Outcome>(json!("?"))].concat();
    assert_eq!(names.len(), 7);
    for name in names {
        let quoted = format!("\"{name}\"");
        assert!(page.contains(&quoted), "{quoted} is not described");
    }
}

#[test]
fn what_events_have_besides_is_described() {
    let common = rows("## An event\n\n| field |").flat_map(|cells| quoted(cells[0]));
    let common: BTreeSet<String> = common.map(str::to_owned).collect();
    for (_, json) in book::files("traces") {
        let value: Value = serde_json::from_str(&json).expect("the trace is JSON");
        for event in value["runs"][0]["events"].as_array().expect("a list") {
            let own = fields(event["what"].as_str().expect("a name"));
            let keys: BTreeSet<String> = event.as_object().expect("an object").keys().cloned().collect();
            let besides: BTreeSet<String> = keys.difference(&own).cloned().collect();
            assert!(besides.is_subset(&common), "{event}");
        }
    }
}
