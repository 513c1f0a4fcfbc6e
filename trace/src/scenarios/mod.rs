//! The small programs whose traces the book shows, two or three to a chapter.
//!
//! Each is a file of its own, which goes into its trace whole. `cargo run -p asyncio-trace --bin record` writes the traces again.

use asyncio::{EventLoop, Result};

use crate::{Clock, Recording, Run, Source, Trace, Tracer, figure};

mod callbacks_done;
mod coroutine_one_after_the_other;
mod coroutine_two_ways;
mod event_loop_order;
mod event_loop_timers;
mod future_many_wait;
mod future_promise;
mod gather_wait_failure;
mod gather_wait_limit;
mod gather_wait_three_teas;
mod gather_wait_three_teas_on_tokio;
mod queues_hand_over;
mod queues_hand_over_on_tokio;
mod queues_workers;
mod task_cancel;
mod task_cancel_on_tokio;
mod task_take_turns;
mod task_two_tasks;
mod task_two_tasks_on_tokio;

/// A recording of the book: one program, or the same program on this library and on Tokio.
pub struct Scenario {
    /// The chapter's slug, a hyphen, and the program's own name.
    pub name: &'static str,
    /// Whether the reader can go through it step by step: where order is the lesson.
    steps: bool,
    programs: &'static [Program],
}

struct Program {
    text: &'static str,
    file: &'static str,
    run: fn() -> Result<Run>,
}

/// Every recording, chapter by chapter.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "coroutine-two_ways",
        steps: true,
        programs: &[Program {
            text: include_str!("coroutine_two_ways.rs"),
            file: "coroutine_two_ways.rs",
            run: || on_loop(coroutine_two_ways::main()),
        }],
    },
    Scenario {
        name: "coroutine-one_after_the_other",
        steps: false,
        programs: &[Program {
            text: include_str!("coroutine_one_after_the_other.rs"),
            file: "coroutine_one_after_the_other.rs",
            run: || on_loop(coroutine_one_after_the_other::main()),
        }],
    },
    Scenario {
        name: "event_loop-order",
        steps: true,
        programs: &[Program {
            text: include_str!("event_loop_order.rs"),
            file: "event_loop_order.rs",
            run: || on_loop(event_loop_order::main()),
        }],
    },
    Scenario {
        name: "event_loop-timers",
        steps: true,
        programs: &[Program {
            text: include_str!("event_loop_timers.rs"),
            file: "event_loop_timers.rs",
            run: || on_loop(event_loop_timers::main()),
        }],
    },
    Scenario {
        name: "task-two_tasks",
        steps: true,
        programs: &[
            Program {
                text: include_str!("task_two_tasks.rs"),
                file: "task_two_tasks.rs",
                run: || on_loop(task_two_tasks::main()),
            },
            Program {
                text: include_str!("task_two_tasks_on_tokio.rs"),
                file: "task_two_tasks_on_tokio.rs",
                run: || on_tokio(task_two_tasks_on_tokio::main()),
            },
        ],
    },
    Scenario {
        name: "task-cancel",
        steps: true,
        programs: &[
            Program {
                text: include_str!("task_cancel.rs"),
                file: "task_cancel.rs",
                run: || on_loop(task_cancel::main()),
            },
            Program {
                text: include_str!("task_cancel_on_tokio.rs"),
                file: "task_cancel_on_tokio.rs",
                run: || on_tokio(task_cancel_on_tokio::main()),
            },
        ],
    },
    Scenario {
        name: "task-take_turns",
        steps: true,
        programs: &[Program {
            text: include_str!("task_take_turns.rs"),
            file: "task_take_turns.rs",
            run: || on_loop(task_take_turns::main()),
        }],
    },
    Scenario {
        name: "future-promise",
        steps: true,
        programs: &[Program {
            text: include_str!("future_promise.rs"),
            file: "future_promise.rs",
            run: || on_loop(future_promise::main()),
        }],
    },
    Scenario {
        name: "future-many_wait",
        steps: true,
        programs: &[Program {
            text: include_str!("future_many_wait.rs"),
            file: "future_many_wait.rs",
            run: || on_loop(future_many_wait::main()),
        }],
    },
    Scenario {
        name: "callbacks-done",
        steps: true,
        programs: &[Program {
            text: include_str!("callbacks_done.rs"),
            file: "callbacks_done.rs",
            run: || on_loop(callbacks_done::main()),
        }],
    },
    Scenario {
        name: "gather_wait-three_teas",
        steps: true,
        programs: &[
            Program {
                text: include_str!("gather_wait_three_teas.rs"),
                file: "gather_wait_three_teas.rs",
                run: || on_loop(gather_wait_three_teas::main()),
            },
            Program {
                text: include_str!("gather_wait_three_teas_on_tokio.rs"),
                file: "gather_wait_three_teas_on_tokio.rs",
                run: || on_tokio(gather_wait_three_teas_on_tokio::main()),
            },
        ],
    },
    Scenario {
        name: "gather_wait-failure",
        steps: true,
        programs: &[Program {
            text: include_str!("gather_wait_failure.rs"),
            file: "gather_wait_failure.rs",
            run: || on_loop(gather_wait_failure::main()),
        }],
    },
    Scenario {
        name: "gather_wait-limit",
        steps: true,
        programs: &[Program {
            text: include_str!("gather_wait_limit.rs"),
            file: "gather_wait_limit.rs",
            run: || on_loop(gather_wait_limit::main()),
        }],
    },
    Scenario {
        name: "queues-hand_over",
        steps: true,
        programs: &[
            Program {
                text: include_str!("queues_hand_over.rs"),
                file: "queues_hand_over.rs",
                run: || on_loop(queues_hand_over::main()),
            },
            Program {
                text: include_str!("queues_hand_over_on_tokio.rs"),
                file: "queues_hand_over_on_tokio.rs",
                run: || on_tokio(queues_hand_over_on_tokio::main()),
            },
        ],
    },
    Scenario {
        name: "queues-workers",
        steps: true,
        programs: &[Program {
            text: include_str!("queues_workers.rs"),
            file: "queues_workers.rs",
            run: || on_loop(queues_workers::main()),
        }],
    },
];

impl Scenario {
    /// Draws the trace of this program as the chapter shows it.
    pub fn figure(&self, trace: &Trace) -> String {
        let caption = trace.runs.first().map_or("", |run| &run.title);
        figure::html(&trace.runs, caption, self.steps)
    }

    /// Runs the programs on a virtual clock and gives their trace, with their source.
    ///
    /// # Errors
    /// A program's own error.
    pub fn record(&self) -> Result<Trace> {
        let runs: Result<Vec<Run>> = self.programs.iter().map(Program::record).collect();
        Ok(Trace { runs: runs? })
    }
}

impl Program {
    fn record(&self) -> Result<Run> {
        let about = self.text.lines().next().unwrap_or_default();
        Ok(Run {
            title: about.trim_start_matches("//! ").to_owned(),
            source: Some(Source {
                file: format!("trace/src/scenarios/{}", self.file),
                first_line: 1,
                lines: self.text.lines().map(str::to_owned).collect(),
            }),
            ..(self.run)()?
        })
    }
}

fn on_loop(main: impl Future<Output = Result<()>> + 'static) -> Result<Run> {
    let event_loop = EventLoop::with_virtual_clock();
    let recording = Recording::start(&event_loop);
    event_loop.run(main)?;
    Ok(recording.finish("")?)
}

fn on_tokio(main: impl Future<Output = ()>) -> Result<Run> {
    let tracer = Tracer::new(Clock::Virtual);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(asyncio::Error::from)?;
    runtime.block_on(tracer.traced("main", main));
    Ok(tracer.finish("")?)
}
