mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::Handle;
use tokio::sync::mpsc::channel;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What a client does after it has asked.
#[derive(Clone, Copy)]
enum Then {
    Reads,
    /// It reads nothing for a long time.
    Waits,
    /// It is lost after half a second.
    Leaves,
}
use Then::{Leaves, Reads, Waits};

/// What a client asks in second 1, and how much of the answer has room in its connection.
#[derive(Clone, Copy)]
struct Asks(&'static str, usize, Then);

#[derive(Clone, Debug)]
struct Seen {
    cut_off: usize,
    /// What each client read up to the end of its connection.
    read: Vec<String>,
    /// Whether the channel was closed half a second after the stop.
    closed: bool,
    tasks: usize,
}

/// A question `N` is answered after `N` seconds.
async fn answer(line: String) -> String {
    let _work = check::enter("work");
    sleep(seconds(line.parse().unwrap_or(0))).await;
    format!("answer {line}")
}

async fn client(mut stream: DuplexStream, asks: Asks) -> String {
    sleep(seconds(1)).await;
    let mut read = String::new();
    let _ = stream.write_all(asks.0.as_bytes()).await;
    match asks.2 {
        Reads => {}
        Waits => sleep(seconds(100)).await,
        Leaves => {
            sleep(Duration::from_millis(500)).await;
            return read;
        }
    }
    let _ = stream.read_to_string(&mut read).await;
    read
}

/// Serves these clients, and stops in that second.
fn serve(checks: &mut Checks, asked: &'static [Asks], stop_in: u64) -> Run<(Seen, Duration)> {
    checks.on_tokio(async move {
        let start = tokio::time::Instant::now();
        let (listener, clients) = channel(10);
        let stop = CancellationToken::new();
        let mut talks = Vec::new();
        for &asks in asked {
            let (ours, theirs) = duplex(asks.1);
            talks.push(client(ours, asks));
            listener.try_send(theirs).expect("room for ten");
        }
        let serve = async {
            let cut_off = exercise::serve(clients, answer, stop.clone()).await;
            let tasks = Handle::current().metrics().num_alive_tasks();
            (cut_off, tasks, start.elapsed())
        };
        let stops = async {
            sleep(seconds(stop_in)).await;
            stop.cancel();
            sleep(Duration::from_millis(500)).await;
            listener.is_closed()
        };
        let talks = futures::future::join_all(talks);
        let ((cut_off, tasks, ended), closed, read) = tokio::join!(serve, stops, talks);
        let seen = Seen {
            cut_off,
            read,
            closed,
            tasks,
        };
        (seen, ended)
    })
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// What each client has read.
fn read((seen, _): &(Seen, Duration)) -> Vec<String> {
    seen.read.clone()
}

fn cut_off((seen, _): &(Seen, Duration)) -> usize {
    seen.cut_off
}

fn ends(checks: &mut Checks, id: &str, claim: &str, run: &Run<(Seen, Duration)>, in_second: u64) {
    checks.equal_in(id, claim, run, &in_second, |(_, ended)| ended.as_secs());
}

fn main() -> ExitCode {
    check::program(|checks| {
        // The clients are idle when it stops in second 9.
        let run = serve(
            checks,
            &[Asks("2\n", 64, Reads), Asks("3\n1\n", 64, Reads)],
            9,
        );
        let claim = "every client gets its answers, in order";
        let expected = ["answer 2\n", "answer 3\nanswer 1\n"];
        checks.equal_in("answers", claim, &run, &texts(&expected), read);
        checks.equal_in("count", "nobody is cut off", &run, &0, cut_off);
        checks.overlap(
            "at_once",
            "clients are served at the same time",
            &run,
            "work",
            2..=2,
        );
        ends(checks, "idle", "idle connections end at once", &run, 9);

        // Half a question and no question are no reason to wait; an answer that is under way is.
        let run = serve(
            checks,
            &[
                Asks("4\n", 64, Reads),
                Asks("1", 64, Reads),
                Asks("", 64, Reads),
            ],
            2,
        );
        let claim = "who has asked gets an answer after the stop, and nobody else";
        let expected = ["answer 4\n", "", ""];
        checks.equal_in("last_answer", claim, &run, &texts(&expected), read);
        checks.that_in(
            "closed",
            "no client is accepted after the stop",
            &run,
            "a closed channel while the last answer is made",
            |(seen, _)| (seen.closed, "an open one"),
        );
        ends(checks, "last_answer", "it ends with the answer", &run, 5);

        // Their second questions are there when the first ones are answered; `select!` would choose at random.
        let run = serve(checks, &[Asks("3\n1\n", 64, Reads); 8], 2);
        checks.equal_in(
            "next_question",
            "whoever has sent the next question already gets the answer that is under way, and then the end: the stop comes first, and not by chance",
            &run,
            &texts(&["answer 3\n"; 8]),
            read,
        );

        // One is lost before the stop, and one after it, while their answers are made.
        let run = serve(
            checks,
            &[
                Asks("1\n", 64, Leaves),
                Asks("4\n", 64, Leaves),
                Asks("4\n", 64, Reads),
            ],
            3,
        );
        let claim = "clients that are lost disturb nobody, and do not count as cut off";
        let expected = (texts(&["", "", "answer 4\n"]), 0);
        checks.equal_in("lost", claim, &run, &expected, |both| {
            (read(both), cut_off(both))
        });

        // One answer takes too long, and one has no room in its connection.
        let run = serve(
            checks,
            &[
                Asks("60\n", 64, Reads),
                Asks("1\n", 8, Waits),
                Asks("4\n", 64, Reads),
            ],
            2,
        );
        let claim = "who is late after the stop is cut off, and only those";
        let expected = ["", "answer 1", "answer 4\n"];
        checks.equal_in("limit", claim, &run, &texts(&expected), read);
        checks.equal_in("count", "it counts who was cut off", &run, &2, cut_off);
        let claim = "no task is left when it ends";
        checks.equal_in("tasks", claim, &run, &0, |(seen, _)| seen.tasks);
        ends(
            checks,
            "limit",
            "the limit counts from the stop",
            &run,
            2 + exercise::GRACE.as_secs(),
        );
        checks.all_left(
            "left",
            "nobody works for a client that was cut off",
            &run,
            "work",
        );
    })
}
