mod exercise;

use std::process::ExitCode;
use std::sync::mpsc as threads;

use exercise::Question;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// Answers with the length of the name; `at_once` questions are waited for before any of them is answered.
async fn serve(mut questions: mpsc::Receiver<Question>, at_once: usize) {
    let mut waiting = Vec::new();
    while let Some(question) = questions.recv().await {
        check::note(question.0.clone());
        waiting.push(question);
        if waiting.len() == at_once {
            for (name, answer) in waiting.drain(..) {
                let _ = answer.send(name.len() as u32);
            }
        }
    }
}

/// Lets the clock stand still meanwhile, because threads need real time.
async fn with_threads<T>(main: impl Future<Output = T>) -> T {
    let (end, ended) = threads::channel::<()>();
    // Tokio's paused clock does not jump while a blocking job runs.
    let job = spawn_blocking(move || ended.recv());
    let value = main.await;
    drop(end);
    let _ = job.await;
    value
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(with_threads(async {
            let (server, questions) = mpsc::channel(1);
            let list = exercise::print_list("tea\nbread\n".to_owned(), server);
            tokio::join!(list, serve(questions, 1)).0
        }));
        checks.value(
            "filled",
            "a list is filled in with the server's prices",
            &run,
            &"tea 3\nbread 5\n".to_owned(),
        );
        checks.trace(
            "asked",
            "the server is asked once for each name",
            &run,
            &["tea", "bread"],
        );

        let run = checks.on_tokio(with_threads(async {
            let (server, questions) = mpsc::channel(1);
            let one = exercise::print_list("cake\nmilk\nsoup\n".to_owned(), server.clone());
            let two = exercise::print_list("pear\njuice\nwater\n".to_owned(), server);
            let (one, two, ()) = tokio::join!(one, two, serve(questions, 2));
            one + &two
        }));
        let lists = "cake 4\nmilk 4\nsoup 4\npear 4\njuice 5\nwater 5\n".to_owned();
        checks.value("at_once", "two lists ask at the same time", &run, &lists);
    })
}
