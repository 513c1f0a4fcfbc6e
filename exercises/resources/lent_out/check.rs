mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Error, Result, Task, create_task, gather_return_exceptions, sleep};
use exercise::Pool;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A connection, and how often it was used. There is one of each, and no copy.
struct Connection {
    name: &'static str,
    uses: u32,
}

fn pool(names: &[&'static str]) -> Pool<Connection> {
    Pool::new(names.iter().map(|name| Connection { name, uses: 0 }))
}

/// Uses a connection for a second.
fn ask(pool: &Pool<Connection>, fails: bool) -> Task<&'static str> {
    let pool = pool.clone();
    create_task(async move {
        let mut connection = pool.borrow().await?;
        let _line = check::enter("line");
        sleep(seconds(1)).await?;
        connection.uses += 1;
        match fails {
            true => Err(Error::msg("no question")),
            false => Ok(connection.name),
        }
    })
}

/// Takes everything out of the pool that is free, and lists the names and the uses.
async fn inventory(pool: &Pool<Connection>) -> Result<(Vec<&'static str>, u32)> {
    let (mut names, mut uses) = (Vec::new(), 0);
    while pool.free() > 0 {
        let connection = pool.borrow().await?;
        names.push(connection.name);
        uses += connection.uses;
        // It stays lent, so that the next one comes.
        std::mem::forget(connection);
    }
    Ok((names, uses))
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let pool = pool(&["one", "two"]);
            let asked = [(); 5].map(|()| ask(&pool, false));
            let answers: Vec<Result<_>> = gather_return_exceptions(asked).await?;
            let answered = answers.iter().filter(|answer| answer.is_ok()).count();
            Ok((answered, inventory(&pool).await?))
        });
        checks.overlap(
            "at_most",
            "two connections serve two at the same time, and no more",
            &run,
            "line",
            2..=2,
        );
        checks.elapsed(
            "at_once",
            "who waits gets a connection as soon as one comes back",
            &run,
            seconds(3),
        );
        checks.equal_in(
            "answers",
            "everybody is served",
            &run,
            &5,
            |(answered, _)| *answered,
        );
        let claim = "each connection is back in the pool";
        let both = ["one", "two"];
        checks.same_items_in("back", claim, &run, &both, |(_, (names, _))| names.clone());
        let claim = "the connections themselves were used and came back";
        checks.equal_in("used", claim, &run, &5, |(_, (_, uses))| *uses);

        let run = checks.on_loop(async {
            let pool = pool(&["one", "two"]);
            let asked = [(); 4].map(|()| ask(&pool, true));
            gather_return_exceptions(asked).await?;
            inventory(&pool).await
        });
        let claim = "after failures each connection is back";
        checks.same_items_in("failed", claim, &run, &both, |(names, _)| names.clone());

        let run = checks.on_loop(async {
            let pool = pool(&["one"]);
            let asked = [(); 3].map(|()| ask(&pool, false));
            sleep(Duration::from_millis(500)).await?;
            asked[0].cancel(); // It has the connection.
            asked[1].cancel(); // It waits for it.
            let answers: Vec<Result<_>> = gather_return_exceptions(asked).await?;
            let answered = answers.iter().filter(|answer| answer.is_ok()).count();
            Ok((answered, inventory(&pool).await?))
        });
        let claim = "after cancellations the connection is back";
        checks.same_items_in("cancelled", claim, &run, &["one"], |(_, (names, _))| {
            names.clone()
        });
        let claim = "the last one was served";
        checks.equal_in("cancelled", claim, &run, &1, |(answered, _)| *answered);

        let run = checks.on_loop(async {
            let pool = pool(&["one"]);
            let kept = pool.borrow().await?;
            let waiting = ask(&pool, false);
            let keeper = create_task(async move {
                sleep(seconds(2)).await?;
                drop(kept);
                Ok(())
            });
            keeper.await?;
            waiting.await
        });
        checks.value(
            "handed_on",
            "a guard may be handed on to another task",
            &run,
            &"one",
        );
        checks.elapsed(
            "handed_on",
            "it gives back when that one drops it",
            &run,
            seconds(3),
        );
    })
}
