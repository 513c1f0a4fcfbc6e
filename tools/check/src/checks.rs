//! The list of checks, and the questions that can be put to a run.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::{ENDS, Run};

/// What is expected of every run.
const AN_END: &str = "an end with a value";

/// One check and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Names the check for programs; `chapter.toml` says which one the starter fails.
    pub id: String,
    /// What is checked, as a sentence about the reader's program.
    pub claim: String,
    /// What was expected and what was seen, if they differ.
    pub failure: Option<(String, String)>,
}

/// The checks made so far.
///
/// Every question about a run is left out if the run did not come to its end: that has failed already, says more, and names all claims that were to be shown.
/// Each is `(id, claim, run, …)`, where the claim is a sentence about the reader's program; so what a run gave can be reached by a question only.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    /// Shared with the thread that watches the time.
    done: Arc<Mutex<Vec<Check>>>,
}

impl Checks {
    /// Makes an empty list.
    pub fn new() -> Checks {
        Checks::default()
    }

    /// Lists the checks made so far.
    pub fn done(&self) -> Vec<Check> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a check, and gives its place in the list.
    fn record(&mut self, id: &str, claim: &str, failure: Option<(String, String)>) -> usize {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.push(Check { id: id.to_owned(), claim: claim.to_owned(), failure });
        done.len() - 1
    }

    /// Fails the check [`ENDS`], and gives its place in the list.
    pub(crate) fn not_ended(&mut self, seen: String) -> usize {
        let failure = Some((AN_END.to_owned(), seen));
        self.record(ENDS, "the program comes to its end", failure)
    }

    /// Fails the check [`ENDS`] where no more can be asked, and says which was the last claim before.
    pub(crate) fn broken_off(&mut self, seen: String) {
        let missing = match self.done().last() {
            Some(last) => format!("what comes after \"{}\" was not checked", last.claim),
            None => "nothing was checked".to_owned(),
        };
        self.not_ended(format!("{seen}; {missing}"));
    }

    /// Gives what the run gave; if it did not come to its end, the failed check names the claim among those that were to be shown.
    fn ask<'r, T>(&mut self, claim: &str, run: &'r Run<T>) -> Option<&'r T> {
        let place = match &run.value {
            Ok(value) => return Some(value),
            Err(place) => *place,
        };
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = done.get_mut(place).and_then(|check| check.failure.as_mut());
        if let Some((expected, _)) = failed {
            let before = match expected == AN_END {
                true => ", to see that",
                false => "; that",
            };
            expected.push_str(&format!("{before} {claim}"));
        }
        None
    }

    /// Checks anything: `passed` says whether, and the last two what was expected and what was seen.
    pub fn that(&mut self, id: &str, claim: &str, passed: bool, expected: impl Display, seen: impl Display) {
        let failure = (!passed).then(|| (expected.to_string(), seen.to_string()));
        self.record(id, claim, failure);
    }

    /// Checks that two values are equal.
    pub fn equal<T: PartialEq + Debug>(&mut self, id: &str, claim: &str, expected: &T, seen: &T) {
        self.that(id, claim, expected == seen, format!("{expected:?}"), format!("{seen:?}"));
    }

    /// Checks what the run gave.
    pub fn value<T: PartialEq + Debug>(&mut self, id: &str, claim: &str, run: &Run<T>, expected: &T) {
        if let Some(value) = self.ask(claim, run) {
            self.equal(id, claim, expected, value);
        }
    }

    /// Checks a part of what the run gave, or what follows from it.
    pub fn equal_in<T, U: PartialEq + Debug>(
        &mut self,
        id: &str,
        claim: &str,
        run: &Run<T>,
        expected: &U,
        part: impl FnOnce(&T) -> U,
    ) {
        if let Some(value) = self.ask(claim, run) {
            self.equal(id, claim, expected, &part(value));
        }
    }

    /// As [`Checks::same_items`], for items that follow from what the run gave.
    pub fn same_items_in<T, U: Ord + Clone + Debug>(
        &mut self,
        id: &str,
        claim: &str,
        run: &Run<T>,
        expected: &[U],
        items: impl FnOnce(&T) -> Vec<U>,
    ) {
        if let Some(value) = self.ask(claim, run) {
            self.same_items(id, claim, expected, &items(value));
        }
    }

    /// As [`Checks::that`], for what follows from what the run gave: `judge` says whether it passed, and what was seen.
    pub fn that_in<T, S: Display>(
        &mut self,
        id: &str,
        claim: &str,
        run: &Run<T>,
        expected: impl Display,
        judge: impl FnOnce(&T) -> (bool, S),
    ) {
        if let Some(value) = self.ask(claim, run) {
            let (passed, seen) = judge(value);
            self.that(id, claim, passed, expected, seen);
        }
    }

    /// Checks how much virtual time passed, exactly to the millisecond.
    pub fn elapsed<T>(&mut self, id: &str, claim: &str, run: &Run<T>, expected: Duration) {
        if self.ask(claim, run).is_some() {
            let same = run.elapsed.as_millis() == expected.as_millis();
            self.that(id, claim, same, seconds(expected), seconds(run.elapsed));
        }
    }

    /// Checks how many were in a place at the same time, at most.
    pub fn overlap<T>(&mut self, id: &str, claim: &str, run: &Run<T>, place: &str, expected: RangeInclusive<usize>) {
        if self.ask(claim, run).is_some() {
            let highest = run.highest(place);
            let wanted = match (expected.start(), expected.end()) {
                (low, high) if low == high => format!("{low} at the same time"),
                (low, high) => format!("{low} to {high} at the same time"),
            };
            let passed = expected.contains(&highest);
            self.that(id, claim, passed, wanted, highest);
        }
    }

    /// Checks that no step kept the loop's thread: not with [`block`](crate::block), and not for [`BLOCKED_FROM`](crate::BLOCKED_FROM) or longer, in real or in virtual time.
    ///
    /// While one step runs nothing else can, so the thread must never wait inside of it.
    /// A run that waits for other threads must be over within that time, too.
    pub fn never_blocked<T>(&mut self, id: &str, claim: &str, run: &Run<T>) {
        if self.ask(claim, run).is_some() {
            let seen = run.blocked.as_deref().unwrap_or_default();
            self.that(id, claim, run.blocked.is_none(), "short steps that never keep the thread", seen);
        }
    }

    /// Checks that the same items came out as went in, in any order: none was lost, none came twice.
    pub fn same_items<T: Ord + Clone + Debug>(&mut self, id: &str, claim: &str, expected: &[T], seen: &[T]) {
        let mut balance: BTreeMap<&T, i64> = BTreeMap::new();
        for item in expected {
            *balance.entry(item).or_default() += 1;
        }
        for item in seen {
            *balance.entry(item).or_default() -= 1;
        }
        let of = |wanted: fn(i64) -> bool| -> Vec<&&T> {
            let differing = balance.iter().filter(|(_, count)| wanted(**count));
            differing.map(|(item, _)| item).collect()
        };
        let (lost, extra) = (of(|count| count > 0), of(|count| count < 0));
        let mut parts = vec![format!("{seen:?}")];
        if !lost.is_empty() {
            parts.push(format!("lost: {lost:?}"));
        }
        if !extra.is_empty() {
            parts.push(format!("too many: {extra:?}"));
        }
        self.that(
            id,
            claim,
            lost.is_empty() && extra.is_empty(),
            format!("each of {expected:?} once, in any order"),
            parts.join("; "),
        );
    }

    /// Checks that everybody who entered a place had left it when the run ended, and that somebody came at all.
    ///
    /// A future that is cancelled leaves when it is dropped, so this shows that clean-up ran.
    pub fn all_left<T>(&mut self, id: &str, claim: &str, run: &Run<T>, place: &str) {
        if self.ask(claim, run).is_some() {
            let (entered, inside) = (run.entered(place), run.inside(place));
            let seen = match entered {
                0 => "nobody came".to_owned(),
                n => format!("{inside} of {n} still there"),
            };
            let passed = entered > 0 && inside == 0;
            self.that(id, claim, passed, "all had left at the end", seen);
        }
    }

    /// Checks that no task was left when the run ended.
    pub fn no_task_left<T>(&mut self, id: &str, claim: &str, run: &Run<T>) {
        if self.ask(claim, run).is_some() {
            let left = run.tasks_left;
            let seen = match left {
                1 => "1 task still there".to_owned(),
                n => format!("{n} tasks still there"),
            };
            self.that(id, claim, left == 0, "no task left at the end", seen);
        }
    }

    /// Checks everything that was noted, in order.
    pub fn trace<T>(&mut self, id: &str, claim: &str, run: &Run<T>, expected: &[&str]) {
        if self.ask(claim, run).is_some() {
            let same = run.trace() == expected;
            self.that(id, claim, same, expected.join(" | "), run.trace().join(" | "));
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
