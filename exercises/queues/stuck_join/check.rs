mod exercise;

use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Queue, ReturnWhen, create_task, sleep, wait};

const SECOND: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async { exercise::serve(&[1, 20, 3, 40, 5]).await });
        checks.value(
            "served",
            "all that can be cooked is served",
            &run,
            &vec![1, 3, 5],
        );
        checks.trace(
            "noted",
            "what is sold out is noted",
            &run,
            &["20 is sold out", "40 is sold out"],
        );
        checks.elapsed(
            "time",
            "five orders take two workers three seconds",
            &run,
            3 * SECOND,
        );
        checks.no_task_left("tasks", "no worker is left", &run);

        let run = checks.on_loop(async {
            let orders = Queue::new();
            orders.put_nowait(1)?;
            orders.put_nowait(2)?;
            let worker = create_task(exercise::worker(orders.clone(), Rc::default()));
            sleep(SECOND / 2).await?;
            worker.cancel();
            wait([&worker], SECOND / 4, ReturnWhen::AllCompleted).await?;
            Ok((worker.is_cancelled(), orders.qsize()))
        });
        checks.value(
            "cancelled",
            "a worker that is cancelled while it cooks ends, and takes no other order (cancelled, orders left)",
            &run,
            &(true, 1),
        );
    })
}
