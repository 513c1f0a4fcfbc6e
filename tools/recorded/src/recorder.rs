//! The record of a whole program: all its loops, and its tasks on Tokio.

use std::any::type_name;
use std::collections::HashMap;
use std::env;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ::tokio::runtime::Handle;
use asyncio::{get_running_loop, observe};
use asyncio_trace::spill::Spill;

use crate::tracer::{Traced, Tracer};

/// The variable that asks for a record: how many events and how many bytes at most, and the file, with spaces between them.
pub const VARIABLE: &str = "WORKBOOK_RECORD";

static SPILL: OnceLock<Arc<Spill>> = OnceLock::new();
static TOKIO: OnceLock<Tracer> = OnceLock::new();

/// Begins the record if the environment asks for one; to be called before the program's own `main`.
pub fn begin() {
    let Some(spill) = env::var(VARIABLE).ok().and_then(|wish| spill(&wish)) else {
        return;
    };
    let spill = SPILL.get_or_init(|| Arc::new(spill));
    TOKIO.get_or_init(|| Tracer::new(spill.clone()));
    observe::on_new_loop(|event_loop| {
        if let Some(spill) = SPILL.get() {
            spill.follow(event_loop);
        }
    });
}

fn spill(wish: &str) -> Option<Spill> {
    let mut words = wish.splitn(3, ' ');
    let [events, bytes] = [words.next()?, words.next()?].map(|word| word.parse().ok());
    // It fails in a process that the program starts and that is the program again, which must not write into the record.
    Spill::create(Path::new(words.next()?), events?, bytes?).ok()
}

/// The recorder of Tokio, once a record has begun.
pub(crate) fn tokio() -> Option<&'static Tracer> {
    TOKIO.get()
}

/// Wraps the future of a task that is spawned, and records it if anything is recorded.
#[track_caller]
pub(crate) fn spawned<F: Future>(future: F) -> Traced<F> {
    match tokio() {
        Some(tracer) => tracer.spawned(name_of(type_name::<F>()), future),
        None => Traced::untold(future),
    }
}

/// Names a task after the function that its future, which is of this type, comes from, with a number from the second of a kind on.
fn name_of(type_name: &'static str) -> String {
    static USED: Mutex<Option<HashMap<&'static str, u64>>> = Mutex::new(None);
    let name = match function(type_name) {
        // A block in `main` is not `main`.
        "main" => "task",
        name => name,
    };
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    let number = used.get_or_insert_default().entry(name).or_default();
    *number += 1;
    match *number {
        1 => name.to_owned(),
        number => format!("{name} {number}"),
    }
}

/// Finds the function in the name of the type of its future, such as `main::tea::{{closure}}`.
fn function(type_name: &'static str) -> &'static str {
    let path = type_name.split('<').next().unwrap_or(type_name);
    path.split("::").filter(|part| !part.starts_with('{')).last().unwrap_or(path)
}

/// Prints the text, and notes it in the run of whoever prints.
#[track_caller]
pub fn print(text: fmt::Arguments) {
    std::print!("{text}");
    note(text);
}

/// As [`print()`], with the end of the line.
#[track_caller]
pub fn print_line(text: fmt::Arguments) {
    std::println!("{text}");
    note(text);
}

#[track_caller]
fn note(text: fmt::Arguments) {
    if get_running_loop().is_ok() {
        observe::note(text);
    } else if Handle::try_current().is_ok()
        && let Some(tracer) = tokio()
    {
        tracer.note(text.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::function;

    #[test]
    fn a_future_is_called_after_its_function() {
        for (type_name, name) in [
            ("main::tea::{{closure}}", "tea"),
            ("main::main::{{closure}}::{{closure}}", "main"),
            ("tokio::time::sleep::Sleep", "Sleep"),
            ("core::pin::Pin<alloc::boxed::Box<dyn a::B>>", "Pin"),
            ("main::tea<alloc::string::String>::{{closure}}", "tea"),
        ] {
            assert_eq!(function(type_name), name);
        }
    }
}
