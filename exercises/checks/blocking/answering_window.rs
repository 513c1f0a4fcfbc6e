mod exercise;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;

use exercise::Event::{self, Key, Quit, Save};

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
        let (lines, blocked) = window(
            vec![save("letter"), Key('x'), Quit, Key('y'), save("bill")],
            move |_| key_shown.lock().unwrap().recv().unwrap(),
            move |line| {
                if line.starts_with("key") {
                    show.send(()).unwrap();
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
        let expected = ["saving letter", "key x", "saved letter"].map(str::to_owned);
        checks.equal(
            "answers",
            "the window answers while it saves, and takes nothing new after it was quit",
            &expected.to_vec(),
            &lines,
        );

        // Each save is done only when the other one has begun.
        let both = Arc::new(Barrier::new(2));
        let (lines, _) = window(
            vec![save("letter"), save("bill"), Quit],
            move |_| {
                both.wait();
            },
            |_| {},
        );
        let expected =
            ["saving letter", "saving bill", "saved letter", "saved bill"].map(str::to_owned);
        checks.same_items(
            "both",
            "two saves go on at the same time, and the window waits for both",
            &expected,
            &lines,
        );

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
