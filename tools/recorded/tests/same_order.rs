//! Programs of the book that were recorded on this library and on CPython's asyncio did the same on both, event for event.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use asyncio::observe::Event;
use asyncio_trace::{Library, Run, Trace};

mod order;

/// The program that a run is of, without the ending of its file.
fn program(run: &Run) -> &str {
    let file = &run.source.as_ref().unwrap().file;
    file.rsplit_once('.').unwrap().0
}

fn events(run: &Run) -> Vec<Event> {
    run.records.iter().map(|record| record.event.clone()).collect()
}

#[test]
fn asyncio_does_the_same_in_the_same_order() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut compared = BTreeSet::new();
    for file in fs::read_dir(project.join("book/traces")).unwrap() {
        let trace = fs::read_to_string(file.unwrap().path()).unwrap();
        let Trace { runs } = serde_json::from_str(&trace).unwrap();
        for twin in runs.iter().filter(|run| run.library == Library::Cpython) {
            let of_program = |run: &&Run| run.library == Library::Asyncio && program(run) == program(twin);
            let ours = runs.iter().find(of_program).unwrap_or_else(|| panic!("{} stands alone", program(twin)));
            assert_eq!(ours.clock, twin.clock);
            let difference = order::difference(&order::order(&events(ours)), &order::order(&events(twin)));
            assert!(difference.is_none(), "{}: {}", program(twin), difference.unwrap_or_default());
            compared.insert(program(twin).to_owned());
        }
    }
    // A program of Python is in a recording, and so it was compared.
    assert!(compared.len() > 20, "{compared:?}");
}
