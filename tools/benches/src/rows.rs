//! The rows of the table: what each operation is, the same in every language.

use std::time::Duration;

use cpu_time::ProcessTime;

use crate::engine::Engine;
use crate::{ours, smol_side, tokio_side};

/// How much one measurement does.
#[derive(Clone, Copy)]
pub struct Size {
    /// How often it is done.
    pub repeats: usize,
    /// How many tasks, callbacks or timers there are at a time.
    pub at_once: usize,
}

/// The length of a message.
pub const MESSAGE: usize = 64;

/// Spreads the delays over 1 to 10 ms in steps of a microsecond, in no order.
pub fn timer_delay(n: usize) -> Duration {
    Duration::from_micros(1_000 + (n as u64 * 7_919) % 9_000)
}

pub struct Row {
    pub name: &'static str,
    /// One operation, in a sentence.
    pub meaning: &'static str,
    size: Size,
    /// Whether the processor's time counts, because most of the other is waiting.
    cpu_time: bool,
    measure: fn(&mut Engine, Size) -> Option<Duration>,
}

/// How much less Python does per round; its cost per operation does not depend on it.
const PYTHON_DOES_LESS: usize = 20;

impl Row {
    /// Measures once, and gives the nanoseconds per operation; `None` if this Python cannot.
    pub fn measure(&self, engine: &mut Engine, quick: bool) -> Option<f64> {
        let in_python = matches!(engine, Engine::Python(_));
        let mut size = self.size;
        for (less, by) in [(quick, 10), (in_python, PYTHON_DOES_LESS)] {
            if less {
                size.repeats = (size.repeats / by).max(1);
            }
        }
        let start = ProcessTime::now();
        let mut took = (self.measure)(engine, size)?;
        if self.cpu_time && !in_python {
            took = start.elapsed();
        }
        Some(took.as_nanos() as f64 / (size.repeats * size.at_once) as f64)
    }
}

/// A row whose operation has the same name in each module, and in `python/bench_asyncio.py`; its size is `repeats * at_once`.
macro_rules! row {
    ($name:literal, $operation:ident, $repeats:literal * $at_once:literal, $meaning:literal) => {
        Row {
            name: $name,
            meaning: $meaning,
            size: Size { repeats: $repeats, at_once: $at_once },
            cpu_time: false,
            measure: |engine, size| match engine {
                Engine::Ours => Some(ours::timed(ours::$operation(size))),
                Engine::Tokio(runtime) => Some(tokio_side::timed(runtime, tokio_side::$operation(size))),
                Engine::Smol => Some(smol_side::timed(smol_side::$operation(size))),
                Engine::Python(python) => python.measure(stringify!($operation), size),
            },
        }
    };
}

pub const ROWS: &[Row] = &[
    row!("spawn + await", spawn_await, 400_000 * 1, "make a task with an empty body and await it."),
    row!(
        "yield_now",
        yields,
        10_000 * 100,
        "one of 100 tasks gives the others a turn (`yield_now`, `asyncio.sleep(0)`)."
    ),
    row!(
        "yield_now, alone",
        yields,
        500_000 * 1,
        "the same with one task beside the main one, which waits for it: each turn is a pass of its own."
    ),
    row!(
        "call_soon",
        call_soon,
        1_000 * 1_000,
        "schedule a callback that counts, and run it; in batches of 1,000. Tokio and smol have no callbacks: they spawn \
         a future and do not await it."
    ),
    row!(
        "call_soon, alone",
        call_soon_chain,
        500_000 * 1,
        "a callback that schedules the next one, so that each is a pass of its own. Tokio and smol: a future that \
         spawns the next one."
    ),
    row!(
        "call_later + cancel",
        call_later_cancel,
        10_000 * 100,
        "set a timer for a minute from now and take it back, as a timeout that is met does. Tokio and smol poll a sleep \
         once and drop it."
    ),
    row!(
        "gather of 10",
        gathers,
        40_000 * 10,
        "one of 10 futures that `gather` makes tasks of and awaits. Tokio and smol: spawned, then awaited in turn; \
         `join_all` over Tokio's handles is slower, and at 100,000 more than a hundred times slower."
    ),
    row!("gather of 1,000", gathers, 400 * 1_000, "the same, one of 1,000."),
    row!("gather of 100,000", gathers, 4 * 100_000, "the same, one of 100,000."),
    row!(
        "queue put + get",
        queue,
        1_000_000 * 1,
        "put an item into a queue with room for 100 and get it, in one task; nobody waits. Tokio and smol: a bounded \
         channel."
    ),
    row!(
        "ping-pong",
        ping_pong,
        200_000 * 1,
        "a message to another task and its answer, through two queues with room for one. Tokio and smol: two bounded \
         channels."
    ),
    row!(
        "TCP echo",
        tcp_echo,
        20_000 * 1,
        "a message of 64 bytes to another task on the same loop and back, through a connection on the loopback. Python: \
         asyncio's streams."
    ),
    Row {
        cpu_time: true,
        ..row!(
            "10,000 timers",
            timers,
            1 * 10_000,
            "one of 10,000 tasks, spawned and then awaited in turn, that each sleep for 1 to 10 ms of their own; CPU time \
             of the process, since the waiting itself is the same for all."
        )
    },
    row!(
        "spawn + yield, 10 tasks",
        spawn_yield,
        40_000 * 10,
        "make one of 10 tasks that yields once and ends, and await it."
    ),
    row!("spawn + yield, 100 tasks", spawn_yield, 4_000 * 100, "the same, one of 100."),
    row!("spawn + yield, 1,000 tasks", spawn_yield, 400 * 1_000, "the same, one of 1,000."),
    row!("spawn + yield, 10,000 tasks", spawn_yield, 40 * 10_000, "the same, one of 10,000."),
    row!("spawn + yield, 100,000 tasks", spawn_yield, 4 * 100_000, "the same, one of 100,000."),
    row!("spawn + yield, 1,000,000 tasks", spawn_yield, 1 * 1_000_000, "the same, one of 1,000,000."),
];
