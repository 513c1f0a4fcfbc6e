//! The small programs whose traces the book shows, two or three to a chapter.
//!
//! Each is a file of its own, which goes into its trace whole. `cargo run -p asyncio-trace --bin record` writes the traces again.

use asyncio::{EventLoop, Result};

use crate::{Recording, Run, Source, Trace, figure};

mod callbacks_done;
mod callbacks_later;
mod coroutine_awaiting;
mod coroutine_one_after_the_other;
mod event_loop_order;
mod event_loop_timers;
mod future_many_wait;
mod future_promise;
mod gather_wait_failure;
mod gather_wait_limit;
mod gather_wait_three_teas;
mod queues_hand_over;
mod queues_workers;
mod task_cancel;
mod task_take_turns;
mod task_two_tasks;

/// A program of the book.
pub struct Scenario {
    /// The chapter's slug, a hyphen, and the program's own name.
    pub name: &'static str,
    text: &'static str,
    file: &'static str,
    run: fn(&EventLoop) -> Result<()>,
    /// Whether the reader can go through it step by step: where order is the lesson.
    steps: bool,
}

/// Every program, chapter by chapter.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "coroutine-awaiting",
        text: include_str!("coroutine_awaiting.rs"),
        file: "coroutine_awaiting.rs",
        run: |event_loop| event_loop.run(coroutine_awaiting::main()),
        steps: true,
    },
    Scenario {
        name: "coroutine-one_after_the_other",
        text: include_str!("coroutine_one_after_the_other.rs"),
        file: "coroutine_one_after_the_other.rs",
        run: |event_loop| event_loop.run(coroutine_one_after_the_other::main()),
        steps: false,
    },
    Scenario {
        name: "event_loop-order",
        text: include_str!("event_loop_order.rs"),
        file: "event_loop_order.rs",
        run: |event_loop| event_loop.run(event_loop_order::main()),
        steps: true,
    },
    Scenario {
        name: "event_loop-timers",
        text: include_str!("event_loop_timers.rs"),
        file: "event_loop_timers.rs",
        run: |event_loop| event_loop.run(event_loop_timers::main()),
        steps: true,
    },
    Scenario {
        name: "task-two_tasks",
        text: include_str!("task_two_tasks.rs"),
        file: "task_two_tasks.rs",
        run: |event_loop| event_loop.run(task_two_tasks::main()),
        steps: true,
    },
    Scenario {
        name: "task-cancel",
        text: include_str!("task_cancel.rs"),
        file: "task_cancel.rs",
        run: |event_loop| event_loop.run(task_cancel::main()),
        steps: true,
    },
    Scenario {
        name: "task-take_turns",
        text: include_str!("task_take_turns.rs"),
        file: "task_take_turns.rs",
        run: |event_loop| event_loop.run(task_take_turns::main()),
        steps: true,
    },
    Scenario {
        name: "future-promise",
        text: include_str!("future_promise.rs"),
        file: "future_promise.rs",
        run: |event_loop| event_loop.run(future_promise::main()),
        steps: true,
    },
    Scenario {
        name: "future-many_wait",
        text: include_str!("future_many_wait.rs"),
        file: "future_many_wait.rs",
        run: |event_loop| event_loop.run(future_many_wait::main()),
        steps: true,
    },
    Scenario {
        name: "callbacks-done",
        text: include_str!("callbacks_done.rs"),
        file: "callbacks_done.rs",
        run: |event_loop| event_loop.run(callbacks_done::main()),
        steps: true,
    },
    Scenario {
        name: "callbacks-later",
        text: include_str!("callbacks_later.rs"),
        file: "callbacks_later.rs",
        run: |event_loop| event_loop.run(callbacks_later::main()),
        steps: true,
    },
    Scenario {
        name: "gather_wait-three_teas",
        text: include_str!("gather_wait_three_teas.rs"),
        file: "gather_wait_three_teas.rs",
        run: |event_loop| event_loop.run(gather_wait_three_teas::main()),
        steps: true,
    },
    Scenario {
        name: "gather_wait-failure",
        text: include_str!("gather_wait_failure.rs"),
        file: "gather_wait_failure.rs",
        run: |event_loop| event_loop.run(gather_wait_failure::main()),
        steps: true,
    },
    Scenario {
        name: "gather_wait-limit",
        text: include_str!("gather_wait_limit.rs"),
        file: "gather_wait_limit.rs",
        run: |event_loop| event_loop.run(gather_wait_limit::main()),
        steps: true,
    },
    Scenario {
        name: "queues-hand_over",
        text: include_str!("queues_hand_over.rs"),
        file: "queues_hand_over.rs",
        run: |event_loop| event_loop.run(queues_hand_over::main()),
        steps: true,
    },
    Scenario {
        name: "queues-workers",
        text: include_str!("queues_workers.rs"),
        file: "queues_workers.rs",
        run: |event_loop| event_loop.run(queues_workers::main()),
        steps: true,
    },
];

impl Scenario {
    /// Draws the trace of this program as the chapter shows it.
    pub fn figure(&self, trace: &Trace) -> String {
        let caption = trace.runs.first().map_or("", |run| &run.title);
        figure::html(&trace.runs, caption, self.steps)
    }

    /// Runs the program on a virtual clock and gives its trace, with its source.
    ///
    /// # Errors
    /// The program's own error.
    pub fn record(&self) -> Result<Trace> {
        let event_loop = EventLoop::with_virtual_clock();
        let recording = Recording::start(&event_loop);
        (self.run)(&event_loop)?;
        let about = self.text.lines().next().unwrap_or_default();
        let run = recording.finish(about.trim_start_matches("//! "))?;
        Ok(Trace::of(Run {
            source: Some(Source {
                file: format!("trace/src/scenarios/{}", self.file),
                first_line: 1,
                lines: self.text.lines().map(str::to_owned).collect(),
            }),
            ..run
        }))
    }
}
