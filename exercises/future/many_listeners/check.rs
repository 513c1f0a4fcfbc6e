mod exercise;

use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use asyncio::{create_task, gather, get_running_loop};
use exercise::Bell;

const SECOND: Duration = Duration::from_secs(1);

/// Counts how often somebody is woken.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let bell = Bell::default();
            let listeners = ["anna", "ben", "cleo"].map(|name| {
                let heard = bell.heard();
                create_task(async move {
                    heard.await;
                    check::note(name);
                    Ok(())
                })
            });
            get_running_loop()?.call_later(2 * SECOND, move || bell.ring());
            gather(&listeners).await
        });
        checks.trace(
            "all_hear",
            "three listeners hear the bell",
            &run,
            &["anna", "ben", "cleo"],
        );
        checks.elapsed("time", "they hear it when it rings", &run, 2 * SECOND);

        let run = checks.on_loop(async {
            let bell = Bell::default();
            bell.ring();
            bell.heard().await;
            Ok(())
        });
        checks.elapsed("late", "who comes late does not wait", &run, Duration::ZERO);

        let run = checks.on_loop(async {
            let bell = Bell::default();
            let counters = [(); 2].map(|()| Arc::new(Counter::default()));
            let mut heard = pin!(bell.heard());
            for counter in [&counters[0], &counters[1], &counters[1], &counters[1]] {
                let waker = Waker::from(counter.clone());
                let asked = heard.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(asked.is_pending(), "the bell has not rung yet");
            }
            bell.ring();
            Ok(counters[1].0.load(Ordering::Relaxed))
        });
        checks.value(
            "once",
            "a listener that moved and then asked three times is woken once, where it is now",
            &run,
            &1,
        );

        let run = checks.on_loop(async {
            let bell = Bell::default();
            let counters = [(); 2].map(|()| Arc::new(Counter::default()));
            let mut listeners = [Box::pin(bell.heard()), Box::pin(bell.heard())];
            for _ in 0..3 {
                for (heard, counter) in listeners.iter_mut().zip(&counters) {
                    let waker = Waker::from(counter.clone());
                    let asked = heard.as_mut().poll(&mut Context::from_waker(&waker));
                    assert!(asked.is_pending(), "the bell has not rung yet");
                }
            }
            bell.ring();
            Ok(counters.map(|counter| counter.0.load(Ordering::Relaxed)))
        });
        checks.value(
            "in_turn",
            "two listeners that ask in turn, three times each, are woken once each",
            &run,
            &[1, 1],
        );
    })
}
