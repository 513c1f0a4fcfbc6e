mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, DuplexStream, duplex};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, sleep, sleep_until};

const LINES: u64 = 20;

fn milliseconds(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A line for each second, which says its second.
async fn tick(lines: Sender<String>) {
    for second in 1..=LINES {
        sleep(milliseconds(1000)).await;
        // It fails if nobody announces any more.
        let _ = lines.send(format!("line {second:02}\n")).await;
    }
}

/// Reads all lines, with a pause before each, and counts those that came, and those that came in their second.
async fn listen(stream: DuplexStream, first: Duration, pause: Duration) -> (usize, usize) {
    let start = Instant::now();
    let mut lines = BufReader::new(stream).lines();
    let (mut all, mut on_time) = (0, 0);
    sleep(first).await;
    while let Ok(Some(line)) = lines.next_line().await {
        all += 1;
        on_time += usize::from(line == format!("line {:02}", start.elapsed().as_secs()));
        sleep(pause).await;
    }
    (all, on_time)
}

/// Waits for `announce`, and says when it ended and how many tasks were left.
async fn announce(listeners: Vec<DuplexStream>) -> (u64, usize) {
    let start = Instant::now();
    let (sender, lines) = channel(1);
    tokio::join!(exercise::announce(lines, listeners), tick(sender));
    (
        start.elapsed().as_secs(),
        Handle::current().metrics().num_alive_tasks(),
    )
}

fn main() -> ExitCode {
    check::program(|checks| {
        // Two lines have room in a connection, and one more in the hand of who writes.
        let run = checks.on_tokio(async {
            let ((deaf, deaf_end), (keen, keen_end)) = (duplex(16), duplex(16));
            let wakes = Instant::now() + milliseconds(60_000);
            let late = async {
                sleep_until(wakes).await;
                let mut rest = Vec::new();
                let mut deaf_end = deaf_end;
                let _ = deaf_end.read_to_end(&mut rest).await;
                rest.len() / 8
            };
            let listens = listen(keen_end, Duration::ZERO, Duration::ZERO);
            tokio::join!(announce(vec![deaf, keen]), listens, late)
        });
        let expected = LINES as usize;
        let claim = "who reads hears every line in its second";
        checks.equal_in("on_time", claim, &run, &expected, |(_, (_, on_time), _)| {
            *on_time
        });
        let claim = "who reads hears every line once";
        checks.equal_in("all", claim, &run, &expected, |(_, (all, _), _)| *all);
        let most = 2 + 1 + exercise::BEHIND;
        checks.that_in(
            "let_go",
            "the connection of one that reads nothing is ended",
            &run,
            format!("at most {most} lines for it"),
            |(.., late)| (*late <= most, *late),
        );
        let claim = "it ends with the last line, and not with the one that reads nothing";
        checks.equal_in("end", claim, &run, &LINES, |((ended, _), ..)| *ended);
        let claim = "no task is left when it ends";
        checks.equal_in("tasks", claim, &run, &0, |((_, tasks), ..)| *tasks);

        let run = checks.on_tokio(async {
            let streams = [(); 3].map(|()| duplex(16));
            let (servers, clients): (Vec<_>, Vec<_>) = streams.into_iter().unzip();
            let [pauses, slow, leaves] = clients.try_into().expect("three");
            drop::<DuplexStream>(leaves);
            let pauses = listen(pauses, milliseconds(7500), Duration::ZERO);
            let slow = listen(slow, Duration::ZERO, milliseconds(1300));
            let (announced, pauses, slow) = tokio::join!(announce(servers), pauses, slow);
            (pauses.0, slow.0, announced.1)
        });
        let claim = "who says nothing for seven lines and then reads hears every line";
        checks.equal_in("patience", claim, &run, &expected, |(pauses, ..)| *pauses);
        let claim = "who is slow, and never too far behind, hears every line";
        checks.equal_in("patience", claim, &run, &expected, |(_, slow, _)| *slow);
        let claim = "it waits until the slow one has every line";
        checks.equal_in("tasks", claim, &run, &0, |(.., tasks)| *tasks);
    })
}
