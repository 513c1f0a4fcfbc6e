mod exercise;

use std::cell::RefCell;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use asyncio::{Error, Result, sleep, yield_now};
use exercise::LoopThread;
use futures::channel::oneshot;

/// Takes so many turns that a loop which is stopped too early does not come to the end.
async fn many_turns() -> Result<()> {
    for _ in 0..1000 {
        yield_now().await?;
    }
    Ok(())
}

/// Says when the thread has ended on which it was left.
struct Ended(Arc<AtomicBool>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

thread_local! {
    static LEFT: RefCell<Option<Ended>> = const { RefCell::new(None) };
}

fn main() -> ExitCode {
    check::program(|checks| {
        let mut house = LoopThread::new();
        let sum = house.call(|| async { Ok(1 + 2) });
        checks.equal("call", "`call` gives the result", &Some(3), &sum.ok());
        let failed = house.call::<u32, _>(|| async { Err(Error::msg("no address")) });
        let failed = failed.map_err(|error| error.to_string());
        checks.equal(
            "call_error",
            "`call` gives the error",
            &Err("no address".to_owned()),
            &failed,
        );

        let (ask, asked) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        house.start(move || async move {
            let question: u32 = asked.await?;
            let _ = answer.send((question + 1, thread::current().id()));
            Ok(())
        });
        let answer = house.call(move || async move {
            let _ = ask.send(41);
            let (answer, other) = answered.await?;
            Ok((answer, other == thread::current().id(), other))
        });
        let answer = answer.ok();
        checks.equal(
            "together",
            "what was started runs while another coroutine is called",
            &Some(42),
            &answer.map(|(answer, ..)| answer),
        );
        let threads = answer.map(|(_, same, other)| (same, other == thread::current().id()));
        checks.that(
            "thread",
            "all of them run on one thread, and it is not the caller's",
            threads == Some((true, false)),
            "one other thread",
            format!("{threads:?}"),
        );

        let done = Arc::new(Mutex::new(Vec::new()));
        for (number, seconds) in [(1, 60), (2, 0), (3, 3600)] {
            let done = done.clone();
            house.start(move || async move {
                many_turns().await?;
                sleep(Duration::from_secs(seconds)).await?;
                done.lock().unwrap().push(number);
                Ok(())
            });
        }
        let ended = Arc::new(AtomicBool::new(false));
        let leave = Ended(ended.clone());
        house.start(move || async move {
            LEFT.set(Some(leave));
            Ok(())
        });
        let closed = house.close().map_err(|error| error.to_string());
        let thread_ended = ended.load(SeqCst);
        checks.same_items(
            "close",
            "`close` waits for everything that was started",
            &[1, 2, 3],
            &done.lock().unwrap(),
        );
        checks.equal(
            "closed",
            "`close` is content if all went well",
            &Ok(()),
            &closed,
        );
        let seen = if thread_ended { "ended" } else { "still there" };
        checks.that(
            "joined",
            "`close` waits for the thread",
            thread_ended,
            "ended",
            seen,
        );

        let mut house = LoopThread::new();
        let done = Arc::new(Mutex::new(Vec::new()));
        for (number, seconds) in [(1, 1), (2, 9), (3, 5), (4, 60)] {
            let done = done.clone();
            house.start(move || async move {
                sleep(Duration::from_secs(seconds)).await?;
                many_turns().await?;
                match number {
                    1 | 4 => done.lock().unwrap().push(number),
                    _ => return Err(Error::msg(format!("job {number} failed"))),
                }
                Ok(())
            });
        }
        let closed = house.close().map_err(|error| error.to_string());
        checks.equal(
            "error",
            "`close` gives the first error in the order of the starts",
            &Err("job 2 failed".to_owned()),
            &closed,
        );
        checks.same_items(
            "others",
            "an error keeps nobody else from the end",
            &[1, 4],
            &done.lock().unwrap(),
        );
    })
}
