//! How much of the book was checked.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use workbook::programs::chapter::Chapter;
use workbook::programs::fence::Fence;
use workbook::programs::program::Checked;

/// What was really done, counted where it was done.
#[derive(Default)]
pub struct Counts {
    pub rust: AtomicUsize,
    pub outputs: AtomicUsize,
    pub refusals: AtomicUsize,
    pub panics: AtomicUsize,
    pub python: AtomicUsize,
    pub skipped: AtomicUsize,
    pub examples: AtomicUsize,
    /// Why some were skipped.
    reasons: Mutex<BTreeSet<String>>,
}

impl Counts {
    pub fn add(&self, fence: &Fence, checked: Checked) {
        match fence {
            Fence::RustCompileFail(_) => self.refusals.fetch_add(1, Relaxed),
            Fence::Python | Fence::PythonRaises => self.python.fetch_add(1, Relaxed),
            _ => self.rust.fetch_add(1, Relaxed),
        };
        if matches!(fence, Fence::RustPanics) {
            self.panics.fetch_add(1, Relaxed);
        }
        if checked.output {
            self.outputs.fetch_add(1, Relaxed);
        }
    }

    /// Counts something as skipped, and names each reason once.
    pub fn skip(&self, why: &str) {
        self.skipped.fetch_add(1, Relaxed);
        let mut reasons = self.reasons.lock().expect("nobody panics with it");
        if reasons.insert(why.to_owned()) {
            eprintln!("note: something is skipped: {why}");
        }
    }

    /// The line at the end of the tests.
    pub fn line(&self, chapters: &[Chapter]) -> String {
        let blocks = || chapters.iter().flat_map(|chapter| &chapter.blocks);
        let sources = blocks().filter(|block| block.fence.is_include()).count();
        let diagrams = blocks().filter(|block| block.fence == Fence::Diagram).count();
        let mut line = format!("book: {} blocks:", blocks().count());
        let parts = [
            (self.rust.load(Relaxed), "Rust programs compiled and run,"),
            (self.outputs.load(Relaxed), "outputs compared,"),
            (self.refusals.load(Relaxed), "compile errors checked,"),
            (self.panics.load(Relaxed), "panics checked,"),
            (self.python.load(Relaxed), "Python programs run,"),
            (sources, "source includes,"),
            (diagrams, "diagrams,"),
            (self.examples.load(Relaxed), "examples and twins run,"),
            (self.skipped.load(Relaxed), "skipped"),
        ];
        for (count, what) in parts {
            // Writing to a string does not fail.
            let _ = write!(line, " {count} {what}");
        }
        line
    }
}
