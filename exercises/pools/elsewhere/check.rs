mod exercise;

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use exercise::{Panicked, compute};
use futures::FutureExt;
use futures::executor::block_on;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Longer than any right program takes.
const LONG: Duration = Duration::from_secs(2);

/// A pool with one thread, which bears a panic.
fn pool() -> ThreadPool {
    ThreadPoolBuilder::new()
        .num_threads(1)
        .panic_handler(|_| {})
        .build()
        .expect("a thread can be started")
}

/// Counts how often a task is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn main() -> ExitCode {
    check::program(|checks| {
        let pool = pool();
        let (open, gate) = mpsc::channel();
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        let mut job = Box::pin(compute(&pool, move || gate.recv_timeout(LONG).is_ok()));
        let pending = job
            .poll_unpin(&mut Context::from_waker(&waker))
            .is_pending();
        let woken = wakes.0.load(SeqCst);
        let _ = open.send(());
        let waited = pending.then(|| block_on(job));
        checks.equal(
            "free",
            "the loop goes on while the job runs, and so can open its gate",
            &Some(Ok(true)),
            &waited,
        );
        checks.that(
            "woken",
            "nobody asks again and again: the job's end wakes the task, and nothing before",
            woken == 0,
            "not woken while the gate is shut",
            format!("woken {woken} times"),
        );

        let numbers = [(6, 7), (3, 5)].map(|(a, b)| compute(&pool, move || a * b));
        let numbers = numbers.map(block_on);
        checks.equal(
            "result",
            "the result comes out",
            &[Ok(42), Ok(15)],
            &numbers,
        );
        let its_thread = pool.install(|| thread::current().id());
        let on_it = block_on(compute(&pool, move || thread::current().id() == its_thread));
        checks.equal(
            "elsewhere",
            "the job runs on the thread of the pool",
            &Ok(true),
            &on_it,
        );

        let panicked: Result<u32, _> =
            block_on(compute(&pool, || panic!("a job panics, as planned")));
        checks.equal("panic", "a panic is an error", &Err(Panicked), &panicked);
        let after = block_on(compute(&pool, || 1));
        checks.equal("panic", "and the pool goes on", &Ok(1), &after);

        let (open, gate) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let seen = block_on(async {
            let mut first = Box::pin(compute(&pool, move || gate.recv_timeout(LONG).is_ok()));
            let mut second = Box::pin(compute(&pool, move || tell.send("it ran")));
            // A first poll begins the one, and puts the other behind it.
            let ended = (&mut first).now_or_never().is_some();
            let _ = (&mut second).now_or_never();
            drop(second);
            let _ = open.send(());
            if !ended {
                let _ = first.await;
            }
            let _ = compute(&pool, || ()).await; // The second one had its turn before this.
            told.try_recv().unwrap_or("it never began")
        });
        checks.equal(
            "given_up",
            "a job that is given up before it begins never begins",
            &"it never began",
            &seen,
        );
    })
}
