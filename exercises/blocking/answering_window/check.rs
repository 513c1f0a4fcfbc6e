mod exercise;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use exercise::Event::{self, Key, Quit, Save};

/// After so long a save gives up waiting, so that a wrong program comes to its end, too.
const PATIENCE: Duration = Duration::from_secs(2);

fn save(name: &str) -> Event {
    Save(name.to_owned())
}

/// Gives these events to a window, and lists what it shows.
///
/// The handler of a save must return before `save` does, so `save` never blocks the window's thread; it only notices.
fn window(
    events: Vec<Event>,
    save: impl Fn(&str) + Send + Sync + 'static,
    mut shown: impl FnMut(&str),
) -> (Vec<String>, bool) {
    let (post, receiver) = mpsc::channel();
    for event in events {
        post.send(event).expect("the receiver is there");
    }
    let (window_thread, blocked) = (thread::current().id(), Arc::new(AtomicBool::new(false)));
    let notice = blocked.clone();
    let save = move |name: &str| match thread::current().id() == window_thread {
        true => notice.store(true, SeqCst),
        false => save(name),
    };
    let mut lines = Vec::new();
    exercise::message_loop(post, receiver, Arc::new(save), |line| {
        shown(&line);
        lines.push(line);
    });
    (lines, blocked.load(SeqCst))
}

fn main() -> ExitCode {
    check::program(|checks| {
        // Each save is done only after the key was shown.
        let (show, key_shown) = mpsc::channel();
        let key_shown = Mutex::new(key_shown);
        let stood_still = Arc::new(AtomicBool::new(false));
        let notice = stood_still.clone();
        let (lines, blocked) = window(
            vec![save("letter"), Key('x'), Quit, Key('y'), save("bill")],
            move |_| {
                let shown = key_shown.lock().unwrap().recv_timeout(PATIENCE);
                notice.fetch_or(shown.is_err(), SeqCst);
            },
            move |line| {
                if line.starts_with("key") {
                    let _ = show.send(());
                }
            },
        );
        let seen = if blocked {
            "the window's"
        } else {
            "another one"
        };
        checks.that(
            "thread",
            "a save has a thread of its own",
            !blocked,
            "another one",
            seen,
        );
        let still = stood_still.load(SeqCst);
        checks.that(
            "goes_on",
            "the handler of a save returns before the save is done, and the next event is handled",
            !still,
            "the key is shown while the save goes on",
            if still { "no key was shown" } else { "it is" },
        );
        let expected = ["saving letter", "key x", "saved letter"].map(str::to_owned);
        checks.equal(
            "answers",
            "the window answers while it saves, and takes nothing new after it was quit",
            &expected.to_vec(),
            &lines,
        );

        // Each save is done only when the other one has begun.
        let (saves, alone) = (Mutex::new(0), Arc::new(AtomicBool::new(false)));
        let (another, notice) = (Condvar::new(), alone.clone());
        let (lines, _) = window(
            vec![save("letter"), save("bill"), Quit],
            move |_| {
                let mut begun = saves.lock().unwrap();
                *begun += 1;
                another.notify_all();
                let (_begun, waited) = another
                    .wait_timeout_while(begun, PATIENCE, |begun| *begun < 2)
                    .unwrap();
                notice.fetch_or(waited.timed_out(), SeqCst);
            },
            |_| {},
        );
        let alone = alone.load(SeqCst);
        checks.that(
            "together",
            "two saves go on at the same time",
            !alone,
            "2 saves at the same time",
            if alone { "one after the other" } else { "2" },
        );
        let expected =
            ["saving letter", "saving bill", "saved letter", "saved bill"].map(str::to_owned);
        checks.same_items("both", "the window waits for both saves", &expected, &lines);

        let (lines, _) = window(vec![Key('a'), Key('b'), Quit], |_| {}, |_| {});
        let expected = ["key a", "key b"].map(str::to_owned);
        checks.equal(
            "quits",
            "a window that saves nothing is quit at once",
            &expected.to_vec(),
            &lines,
        );
    })
}
