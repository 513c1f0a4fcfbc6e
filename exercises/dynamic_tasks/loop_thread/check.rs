mod exercise;

use std::cell::RefCell;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
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

/// Keeps its thread for a moment. Whoever does not wait for what happens there is gone by then.
struct Brake(Receiver<()>);

/// Much longer than it takes to go on without waiting.
const MOMENT: Duration = Duration::from_millis(100);

impl Brake {
    /// Makes one, and what releases it at once when it is dropped.
    fn new() -> (Sender<()>, Brake) {
        let (release, released) = mpsc::channel();
        (release, Brake(released))
    }

    /// Keeps the thread, and tells whether the moment has passed without a release.
    fn holds(&self) -> bool {
        self.0.recv_timeout(MOMENT) == Err(RecvTimeoutError::Timeout)
    }
}

/// Lies on a thread, and says whether somebody still waited when it ended.
struct Ended(Brake, Arc<AtomicBool>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.1.store(self.0.holds(), SeqCst);
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

        // While this one holds the loop, `close` is called; a loop that it stops at once finishes none of the others.
        let (_release, brake) = Brake::new();
        house.start(move || async move {
            brake.holds();
            Ok(())
        });
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
        let (release, brake) = Brake::new();
        let leave = Ended(brake, ended.clone());
        house.start(move || async move {
            LEFT.set(Some(leave));
            Ok(())
        });
        let closed = house.close().map_err(|error| error.to_string());
        let thread_ended = ended.load(SeqCst);
        drop(release);
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
        for (number, seconds) in [(1, 1), (2, 9), (3, 5)] {
            let done = done.clone();
            house.start(move || async move {
                sleep(Duration::from_secs(seconds)).await?;
                many_turns().await?;
                match number {
                    1 => done.lock().unwrap().push(number),
                    _ => return Err(Error::msg(format!("job {number} failed"))),
                }
                Ok(())
            });
        }
        // A `close` that returns with the first error does not see the end of this one.
        let (_release, brake) = Brake::new();
        let last = done.clone();
        house.start(move || async move {
            sleep(Duration::from_secs(60)).await?;
            brake.holds();
            last.lock().unwrap().push(4);
            Ok(())
        });
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
