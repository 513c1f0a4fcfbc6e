mod exercise;

use std::future;
use std::pin::Pin;
use std::process::ExitCode;
use std::task::Poll;

async fn tea(name: &'static str, steps: u32) -> &'static str {
    let _place = check::enter("place");
    for step in 1..=steps {
        check::note(format!("{name} {step}"));
        give_way().await;
    }
    name
}

/// Is pending once; nobody needs to be woken, because the executor asks again by itself.
async fn give_way() {
    let mut given = false;
    future::poll_fn(|_| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        Poll::Pending
    })
    .await;
}

fn boxed<T>(future: impl Future<Output = T> + 'static) -> Pin<Box<dyn Future<Output = T>>> {
    Box::pin(future)
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let teas = vec![
                boxed(tea("green", 1)),
                boxed(tea("black", 3)),
                boxed(tea("mint", 2)),
            ];
            Ok(exercise::take_turns(teas))
        });
        checks.trace(
            "turns",
            "each round gives every unfinished future one turn, in order",
            &run,
            &[
                "green 1", "black 1", "mint 1", "black 2", "mint 2", "black 3",
            ],
        );
        checks.value(
            "values",
            "the values are listed in the order of the futures",
            &run,
            &vec!["green", "black", "mint"],
        );
        checks.overlap(
            "overlap",
            "all three are under way at the same time",
            &run,
            "place",
            3..=3,
        );

        let run = checks.on_loop(async {
            Ok(exercise::take_turns(vec![
                boxed(tea("white", 2)),
                boxed(tea("ready", 0)),
                boxed(tea("oolong", 1)),
            ]))
        });
        checks.trace(
            "turns",
            "a future that ends in the first round takes nobody's turn",
            &run,
            &["white 1", "oolong 1", "white 2"],
        );
        checks.value(
            "values",
            "a future that ends early keeps its place in the list",
            &run,
            &vec!["white", "ready", "oolong"],
        );

        let run = checks.on_loop(async { Ok(exercise::take_turns::<u32>(Vec::new())) });
        checks.value("none", "nothing gives nothing", &run, &Vec::new());
    })
}
