//! The small programs whose traces the book shows, two or three to a chapter.
//!
//! Each is a file of its own, which goes into its trace whole. `cargo run -p asyncio-trace --bin record` writes the traces again.

use asyncio::{EventLoop, Result};

use crate::{Clock, Recording, Run, Source, Trace, Tracer, figure};

mod blocking_at_once;
mod blocking_in_turn;
mod callbacks_done;
mod clients_per_host;
mod coroutine_one_after_the_other;
mod coroutine_two_ways;
mod dynamic_tasks_submitted;
mod event_loop_order;
mod event_loop_timers;
mod future_many_wait;
mod future_promise;
mod gather_wait_failure;
mod gather_wait_limit;
mod gather_wait_three_teas;
mod gather_wait_three_teas_on_tokio;
mod greenlets_cooperative;
mod greenlets_stubborn;
mod http_server_end;
mod pools_waits_for_itself;
mod pools_workers;
mod queues_hand_over;
mod queues_hand_over_on_tokio;
mod queues_workers;
mod redis_jobs_worker_dies;
mod resources_goodbye;
mod resources_lock;
mod runtimes_same_program;
mod runtimes_same_program_on_tokio;
mod streams_ahead;
mod streams_pulled;
mod subprocesses_by_force;
mod task_cancel;
mod task_cancel_on_tokio;
mod task_groups_failure;
mod task_groups_few;
mod task_take_turns;
mod task_two_tasks;
mod task_two_tasks_on_tokio;
mod tcp_server_slow_client;
mod timeouts_limit;
mod timeouts_shield;

/// A recording of the book: one program, or two that are compared, such as the same on this library and on Tokio.
pub struct Scenario {
    /// The chapter's slug, a hyphen, and the program's own name.
    pub name: &'static str,
    /// What stands above the figure if its programs are two sides of one thing; otherwise the first program's first line does.
    caption: &'static str,
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
        name: "blocking-requests",
        caption: "Three requests, in turn and at once.",
        steps: false,
        programs: &[
            Program {
                text: include_str!("blocking_in_turn.rs"),
                file: "blocking_in_turn.rs",
                run: || on_loop(blocking_in_turn::main()),
            },
            Program {
                text: include_str!("blocking_at_once.rs"),
                file: "blocking_at_once.rs",
                run: || on_loop(blocking_at_once::main()),
            },
        ],
    },
    Scenario {
        name: "coroutine-two_ways",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("coroutine_two_ways.rs"),
            file: "coroutine_two_ways.rs",
            run: || on_loop(coroutine_two_ways::main()),
        }],
    },
    Scenario {
        name: "coroutine-one_after_the_other",
        caption: "",
        steps: false,
        programs: &[Program {
            text: include_str!("coroutine_one_after_the_other.rs"),
            file: "coroutine_one_after_the_other.rs",
            run: || on_loop(coroutine_one_after_the_other::main()),
        }],
    },
    Scenario {
        name: "event_loop-order",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("event_loop_order.rs"),
            file: "event_loop_order.rs",
            run: || on_loop(event_loop_order::main()),
        }],
    },
    Scenario {
        name: "event_loop-timers",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("event_loop_timers.rs"),
            file: "event_loop_timers.rs",
            run: || on_loop(event_loop_timers::main()),
        }],
    },
    Scenario {
        name: "task-two_tasks",
        caption: "",
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
        caption: "",
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
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("task_take_turns.rs"),
            file: "task_take_turns.rs",
            run: || on_loop(task_take_turns::main()),
        }],
    },
    Scenario {
        name: "future-promise",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("future_promise.rs"),
            file: "future_promise.rs",
            run: || on_loop(future_promise::main()),
        }],
    },
    Scenario {
        name: "future-many_wait",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("future_many_wait.rs"),
            file: "future_many_wait.rs",
            run: || on_loop(future_many_wait::main()),
        }],
    },
    Scenario {
        name: "callbacks-done",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("callbacks_done.rs"),
            file: "callbacks_done.rs",
            run: || on_loop(callbacks_done::main()),
        }],
    },
    Scenario {
        name: "gather_wait-three_teas",
        caption: "",
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
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("gather_wait_failure.rs"),
            file: "gather_wait_failure.rs",
            run: || on_loop(gather_wait_failure::main()),
        }],
    },
    Scenario {
        name: "gather_wait-limit",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("gather_wait_limit.rs"),
            file: "gather_wait_limit.rs",
            run: || on_loop(gather_wait_limit::main()),
        }],
    },
    Scenario {
        name: "queues-hand_over",
        caption: "",
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
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("queues_workers.rs"),
            file: "queues_workers.rs",
            run: || on_loop(queues_workers::main()),
        }],
    },
    Scenario {
        name: "timeouts-limit",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("timeouts_limit.rs"),
            file: "timeouts_limit.rs",
            run: || on_loop(timeouts_limit::main()),
        }],
    },
    Scenario {
        name: "timeouts-shield",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("timeouts_shield.rs"),
            file: "timeouts_shield.rs",
            run: || on_loop(timeouts_shield::main()),
        }],
    },
    Scenario {
        name: "task_groups-failure",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("task_groups_failure.rs"),
            file: "task_groups_failure.rs",
            run: || on_loop(task_groups_failure::main()),
        }],
    },
    Scenario {
        name: "task_groups-few",
        caption: "",
        steps: false,
        programs: &[Program {
            text: include_str!("task_groups_few.rs"),
            file: "task_groups_few.rs",
            run: || on_loop(task_groups_few::main()),
        }],
    },
    Scenario {
        name: "dynamic_tasks-submitted",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("dynamic_tasks_submitted.rs"),
            file: "dynamic_tasks_submitted.rs",
            run: || on_loop(dynamic_tasks_submitted::main()),
        }],
    },
    Scenario {
        name: "redis_jobs-worker_dies",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("redis_jobs_worker_dies.rs"),
            file: "redis_jobs_worker_dies.rs",
            run: || on_loop(redis_jobs_worker_dies::main()),
        }],
    },
    Scenario {
        name: "pools-workers",
        caption: "",
        steps: false,
        programs: &[Program {
            text: include_str!("pools_workers.rs"),
            file: "pools_workers.rs",
            run: || on_loop(pools_workers::main()),
        }],
    },
    Scenario {
        name: "pools-waits_for_itself",
        caption: "",
        steps: false,
        programs: &[Program {
            text: include_str!("pools_waits_for_itself.rs"),
            file: "pools_waits_for_itself.rs",
            run: || on_loop(pools_waits_for_itself::main()),
        }],
    },
    Scenario {
        name: "streams-who_waits",
        caption: "Three items, made in one second and used in two.",
        steps: false,
        programs: &[
            Program {
                text: include_str!("streams_pulled.rs"),
                file: "streams_pulled.rs",
                run: || on_loop(streams_pulled::main()),
            },
            Program {
                text: include_str!("streams_ahead.rs"),
                file: "streams_ahead.rs",
                run: || on_loop(streams_ahead::main()),
            },
        ],
    },
    Scenario {
        name: "resources-lock",
        caption: "",
        steps: false,
        programs: &[Program {
            text: include_str!("resources_lock.rs"),
            file: "resources_lock.rs",
            run: || on_loop(resources_lock::main()),
        }],
    },
    Scenario {
        name: "resources-goodbye",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("resources_goodbye.rs"),
            file: "resources_goodbye.rs",
            run: || on_loop(resources_goodbye::main()),
        }],
    },
    Scenario {
        name: "clients-per_host",
        caption: "",
        steps: false,
        programs: &[Program {
            text: include_str!("clients_per_host.rs"),
            file: "clients_per_host.rs",
            run: || on_loop(clients_per_host::main()),
        }],
    },
    Scenario {
        name: "tcp_server-slow_client",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("tcp_server_slow_client.rs"),
            file: "tcp_server_slow_client.rs",
            run: || on_loop(tcp_server_slow_client::main()),
        }],
    },
    Scenario {
        name: "http_server-end",
        caption: "",
        steps: true,
        programs: &[Program {
            text: include_str!("http_server_end.rs"),
            file: "http_server_end.rs",
            run: || on_loop(http_server_end::main()),
        }],
    },
    Scenario {
        name: "subprocesses-by_force",
        caption: "",
        steps: false,
        programs: &[Program {
            text: include_str!("subprocesses_by_force.rs"),
            file: "subprocesses_by_force.rs",
            run: || on_loop(subprocesses_by_force::main()),
        }],
    },
    Scenario {
        name: "greenlets-turns",
        caption: "Three workers, stubborn and cooperative.",
        steps: true,
        programs: &[
            Program {
                text: include_str!("greenlets_stubborn.rs"),
                file: "greenlets_stubborn.rs",
                run: || on_loop(greenlets_stubborn::main()),
            },
            Program {
                text: include_str!("greenlets_cooperative.rs"),
                file: "greenlets_cooperative.rs",
                run: || on_loop(greenlets_cooperative::main()),
            },
        ],
    },
    Scenario {
        name: "runtimes-same_program",
        caption: "",
        steps: true,
        programs: &[
            Program {
                text: include_str!("runtimes_same_program.rs"),
                file: "runtimes_same_program.rs",
                run: || on_loop(runtimes_same_program::main()),
            },
            Program {
                text: include_str!("runtimes_same_program_on_tokio.rs"),
                file: "runtimes_same_program_on_tokio.rs",
                run: || on_tokio(runtimes_same_program_on_tokio::main()),
            },
        ],
    },
];

impl Scenario {
    /// Draws the trace of this program as the chapter shows it.
    pub fn figure(&self, trace: &Trace) -> String {
        let caption = match (self.caption, trace.runs.first()) {
            ("", Some(run)) => &run.title,
            (caption, _) => caption,
        };
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
        let file = format!("tools/trace/src/scenarios/{}", self.file);
        let mut run = (self.run)()?;
        for record in &mut run.records {
            // The line that starts a program stands in this file, and not in the text that goes with the trace.
            record.event.at = record.event.at.take().filter(|at| at.file == file);
        }
        Ok(Run {
            title: about.trim_start_matches("//! ").to_owned(),
            source: Some(Source {
                file,
                first_line: 1,
                lines: self.text.lines().map(str::to_owned).collect(),
            }),
            ..run
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
