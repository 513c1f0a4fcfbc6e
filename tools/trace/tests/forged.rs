//! A record may say anything: the program that it is of may have written it.

use std::fs;

use asyncio_trace::{Trace, figure};
use serde_json::{Value, json};

/// What is done to the event at this place.
const FORGERIES: [fn(&mut Vec<Value>, usize); 5] = [
    |events, n| drop(events.remove(n)),
    |events, n| drop(events.drain(..n)),
    |events, n| events[..=n].rotate_right(1),
    |events, n| change(&mut events[n], &|_| u64::MAX),
    |events, n| events[n..].iter_mut().for_each(|event| change(event, &|number| number.wrapping_add(1))),
];

/// Changes the numbers of an event.
fn change(event: &mut Value, new: &impl Fn(u64) -> u64) {
    match event {
        Value::Object(fields) => fields.values_mut().for_each(|field| change(field, new)),
        Value::Array(items) => items.iter_mut().for_each(|item| change(item, new)),
        Value::Number(number) => *event = number.as_u64().map_or(json!(0.5), |number| json!(new(number))),
        _ => {}
    }
}

#[test]
fn a_record_that_makes_no_sense_is_drawn_or_refused() {
    let traces = concat!(env!("CARGO_MANIFEST_DIR"), "/../../book/traces");
    let (mut drawn, mut refused) = (0, 0);
    for file in fs::read_dir(traces).expect("the book's traces") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("a file");
        let trace: Value = serde_json::from_str(&text).expect("JSON");
        for run in trace["runs"].as_array().expect("runs") {
            let events = run["events"].as_array().expect("events");
            // The whole book, and each of its runs at about ten places.
            for n in (0..events.len()).step_by(events.len() / 10 + 1) {
                for forge in FORGERIES {
                    let mut forged = json!({ "schema": trace["schema"], "version": trace["version"], "runs": [run] });
                    forge(forged["runs"][0]["events"].as_array_mut().expect("events"), n);
                    match serde_json::from_value::<Trace>(forged) {
                        Ok(Trace { runs, .. }) => {
                            drawn += figure::html(&runs, "", true).len().min(1);
                        }
                        Err(_) => refused += 1,
                    }
                }
            }
        }
    }
    assert!(drawn > 500 && refused > 10, "{drawn} {refused}");
}
