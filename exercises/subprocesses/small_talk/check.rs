mod exercise;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use exercise::Talk;
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, test_kill_process, wait};
use tokio::time::sleep;

/// Longer than any right program takes.
const LIMIT: Duration = Duration::from_secs(2);

/// Asks all questions, and closes.
async fn talk(script: &str, questions: &[&str]) -> io::Result<(Vec<String>, Option<i32>)> {
    let mut talk = Talk::start(script)?;
    let mut answers = Vec::new();
    for question in questions {
        answers.push(talk.ask(question).await?);
    }
    Ok((answers, talk.close().await?))
}

fn main() -> ExitCode {
    check::program(|checks| {
        // It takes its time for the end, so a `close` that kills it comes too early.
        let sum = "sum=0; while read n; do sum=$((sum + n)); echo $sum; done; sleep 0.1; exit 4";
        let echo = "while read line; do echo \"<$line>\"; done";
        // Both answers come in one piece, and the second one has to be kept for the second question.
        let ahead = "read one; printf 'first\\nsecond\\n'; read two; exit 3";
        let talks = [
            (sum, vec!["3", "4", "5"], vec!["3", "7", "12"], 4),
            (
                echo,
                vec!["green tea", "milk"],
                vec!["<green tea>", "<milk>"],
                0,
            ),
            (ahead, vec!["1", "2"], vec!["first", "second"], 3),
        ];
        for (script, questions, answers, status) in talks {
            let run = checks.in_real_time(LIMIT, async {
                let ended = talk(script, &questions).await;
                let ended = ended.map_err(|error| error.to_string());
                let child = match wait(WaitOptions::NOHANG) {
                    Err(Errno::CHILD) => "no child is left",
                    _ => "a child is left",
                };
                (ended, child)
            });
            let answers = answers.into_iter().map(str::to_owned).collect();
            checks.value(
                "answers",
                "one child answers all questions, its status comes at the end, and no child is left, nor a zombie",
                &run,
                &(Ok((answers, Some(status))), "no child is left"),
            );
        }

        let run = checks.in_real_time(LIMIT, async {
            let mut talk = Talk::start("read line; echo $line; exit 1")?;
            let first = talk.ask("once").await?;
            Ok::<_, io::Error>((first, talk.ask("twice").await.is_err()))
        });
        checks.equal_in(
            "no_more",
            "a child that answers no more is an error",
            &run,
            &Ok(("once".to_owned(), true)),
            |talk| talk.as_ref().map_err(ToString::to_string).cloned(),
        );

        let run = checks.in_real_time(LIMIT, async {
            let mut talk = Talk::start("read line; echo $$; exec sleep 9").ok()?;
            let id = talk.ask("who are you?").await.ok()?;
            let child = Pid::from_raw(id.parse().ok()?)?;
            drop(talk);
            // The runtime waits for a child that was killed, as soon as it hears of its end.
            while test_kill_process(child).is_ok() {
                sleep(Duration::from_millis(1)).await;
            }
            Some("killed")
        });
        checks.value(
            "dropped",
            "a talk that is dropped kills its child",
            &run,
            &Some("killed"),
        );
    })
}
