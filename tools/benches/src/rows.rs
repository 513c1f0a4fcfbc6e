//! The rows of the table: what each operation is, the same in every language.

use std::time::Duration;

use tokio::runtime::Runtime;

use crate::size::Size;
use crate::{ours, smol_side, tokio_side};

pub struct Row {
    pub name: &'static str,
    /// One operation, in a sentence.
    pub meaning: &'static str,
    size: Size,
    pub ours: fn(Size) -> Duration,
    pub tokio: fn(&Runtime, Size) -> Duration,
    pub smol: fn(Size) -> Duration,
    /// The name of the function in `python/bench_asyncio.py`.
    pub python: &'static str,
}

impl Row {
    pub fn size(&self, quick: bool) -> Size {
        let tenth = (self.size.repeats / 10).max(1);
        Size {
            repeats: if quick { tenth } else { self.size.repeats },
            ..self.size
        }
    }
}

pub const ROWS: &[Row] = &[
    Row {
        name: "spawn + await",
        meaning: "make a task with an empty body and await it.",
        size: Size {
            repeats: 400_000,
            at_once: 1,
        },
        ours: ours::spawn_await,
        tokio: tokio_side::spawn_await,
        smol: smol_side::spawn_await,
        python: "spawn_await",
    },
    Row {
        name: "yield_now",
        meaning: "one of 100 tasks gives the others a turn (`yield_now`, `asyncio.sleep(0)`).",
        size: Size {
            repeats: 10_000,
            at_once: 100,
        },
        ours: ours::yields,
        tokio: tokio_side::yields,
        smol: smol_side::yields,
        python: "yields",
    },
    Row {
        name: "yield_now, alone",
        meaning: "the same with one task beside the main one, which waits for it: each turn is a pass of its own.",
        size: Size {
            repeats: 500_000,
            at_once: 1,
        },
        ours: ours::yields,
        tokio: tokio_side::yields,
        smol: smol_side::yields,
        python: "yields",
    },
    Row {
        name: "call_soon",
        meaning: "schedule a callback that counts, and run it; in batches of 1,000. Tokio and smol have no callbacks: they \
                  spawn a future and do not await it.",
        size: Size {
            repeats: 1_000,
            at_once: 1_000,
        },
        ours: ours::call_soon,
        tokio: tokio_side::call_soon,
        smol: smol_side::call_soon,
        python: "call_soon",
    },
    Row {
        name: "call_soon, alone",
        meaning: "a callback that schedules the next one, so that each is a pass of its own. Tokio and smol: a future that spawns \
                  the next one.",
        size: Size {
            repeats: 500_000,
            at_once: 1,
        },
        ours: ours::call_soon_chain,
        tokio: tokio_side::call_soon_chain,
        smol: smol_side::call_soon_chain,
        python: "call_soon_chain",
    },
    Row {
        name: "call_later + cancel",
        meaning: "set a timer for a minute from now and take it back, as a timeout that is met does. Tokio and smol poll a \
                  sleep once and drop it.",
        size: Size {
            repeats: 10_000,
            at_once: 100,
        },
        ours: ours::call_later_cancel,
        tokio: tokio_side::call_later_cancel,
        smol: smol_side::call_later_cancel,
        python: "call_later_cancel",
    },
    Row {
        name: "gather of 10",
        meaning: "one of 10 futures that `gather` makes tasks of and awaits. Tokio and smol: spawned, then awaited in turn; \
                  `join_all` over Tokio's handles is slower, and at 100,000 more than a hundred times slower.",
        size: Size {
            repeats: 40_000,
            at_once: 10,
        },
        ours: ours::gathers,
        tokio: tokio_side::gathers,
        smol: smol_side::gathers,
        python: "gathers",
    },
    Row {
        name: "gather of 1,000",
        meaning: "the same, one of 1,000.",
        size: Size {
            repeats: 400,
            at_once: 1_000,
        },
        ours: ours::gathers,
        tokio: tokio_side::gathers,
        smol: smol_side::gathers,
        python: "gathers",
    },
    Row {
        name: "gather of 100,000",
        meaning: "the same, one of 100,000.",
        size: Size {
            repeats: 4,
            at_once: 100_000,
        },
        ours: ours::gathers,
        tokio: tokio_side::gathers,
        smol: smol_side::gathers,
        python: "gathers",
    },
    Row {
        name: "queue put + get",
        meaning: "put an item into a queue with room for 100 and get it, in one task; nobody waits. Tokio and smol: a bounded channel.",
        size: Size {
            repeats: 1_000_000,
            at_once: 1,
        },
        ours: ours::queue,
        tokio: tokio_side::queue,
        smol: smol_side::queue,
        python: "queue",
    },
    Row {
        name: "ping-pong",
        meaning: "a message to another task and its answer, through two queues with room for one. Tokio and smol: two bounded channels.",
        size: Size {
            repeats: 200_000,
            at_once: 1,
        },
        ours: ours::ping_pong,
        tokio: tokio_side::ping_pong,
        smol: smol_side::ping_pong,
        python: "ping_pong",
    },
    Row {
        name: "TCP echo",
        meaning: "a message of 64 bytes to another task on the same loop and back, through a connection on the loopback. \
                  Python: asyncio's streams.",
        size: Size {
            repeats: 20_000,
            at_once: 1,
        },
        ours: ours::tcp_echo,
        tokio: tokio_side::tcp_echo,
        smol: smol_side::tcp_echo,
        python: "tcp_echo",
    },
    Row {
        name: "10,000 timers",
        meaning: "one of 10,000 tasks, spawned and then awaited in turn, that each sleep for 1 to 10 ms of their own; CPU time of the process, since the waiting \
                  itself is the same for all.",
        size: Size {
            repeats: 1,
            at_once: 10_000,
        },
        ours: ours::timers,
        tokio: tokio_side::timers,
        smol: smol_side::timers,
        python: "timers",
    },
    Row {
        name: "spawn + yield, 10 tasks",
        meaning: "make one of 10 tasks that yields once and ends, and await it.",
        size: Size {
            repeats: 40_000,
            at_once: 10,
        },
        ours: ours::spawn_yield,
        tokio: tokio_side::spawn_yield,
        smol: smol_side::spawn_yield,
        python: "spawn_yield",
    },
    Row {
        name: "spawn + yield, 100 tasks",
        meaning: "the same, one of 100.",
        size: Size {
            repeats: 4_000,
            at_once: 100,
        },
        ours: ours::spawn_yield,
        tokio: tokio_side::spawn_yield,
        smol: smol_side::spawn_yield,
        python: "spawn_yield",
    },
    Row {
        name: "spawn + yield, 1,000 tasks",
        meaning: "the same, one of 1,000.",
        size: Size {
            repeats: 400,
            at_once: 1_000,
        },
        ours: ours::spawn_yield,
        tokio: tokio_side::spawn_yield,
        smol: smol_side::spawn_yield,
        python: "spawn_yield",
    },
    Row {
        name: "spawn + yield, 10,000 tasks",
        meaning: "the same, one of 10,000.",
        size: Size {
            repeats: 40,
            at_once: 10_000,
        },
        ours: ours::spawn_yield,
        tokio: tokio_side::spawn_yield,
        smol: smol_side::spawn_yield,
        python: "spawn_yield",
    },
    Row {
        name: "spawn + yield, 100,000 tasks",
        meaning: "the same, one of 100,000.",
        size: Size {
            repeats: 4,
            at_once: 100_000,
        },
        ours: ours::spawn_yield,
        tokio: tokio_side::spawn_yield,
        smol: smol_side::spawn_yield,
        python: "spawn_yield",
    },
    Row {
        name: "spawn + yield, 1,000,000 tasks",
        meaning: "the same, one of 1,000,000.",
        size: Size {
            repeats: 1,
            at_once: 1_000_000,
        },
        ours: ours::spawn_yield,
        tokio: tokio_side::spawn_yield,
        smol: smol_side::spawn_yield,
        python: "spawn_yield",
    },
];
