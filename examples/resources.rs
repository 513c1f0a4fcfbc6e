//! Resources: opened for a block, closed on every way out, and who may await while closing.
//!
//! Run it with `cargo run --example resources`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `resources.py`, prints.

mod support;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{
    Error, EventLoop, Lock, Queue, Result, ReturnWhen, Semaphore, Task, create_task, gather,
    gather_return_exceptions, get_running_loop, shield, sleep, timeout, wait,
};
use futures::FutureExt;
use support::{Part, seconds};

fn main() -> ExitCode {
    support::run(
        "Resources: opened for a block, closed on every way out, and who may await while closing.",
        &[
            Part {
                name: "with",
                about: "connected at the beginning, closed at the end",
                run: |event_loop| event_loop.run(with()),
            },
            Part {
                name: "error",
                about: "closed before the error is handed on",
                run: |event_loop| event_loop.run(with_an_error()),
            },
            Part {
                name: "order",
                about: "the last that was opened is closed first",
                run: |event_loop| event_loop.run(order()),
            },
            Part {
                name: "lock",
                about: "one at a time; free again after an error and a cancellation",
                run: |event_loop| event_loop.run(lock()),
            },
            Part {
                name: "semaphore",
                about: "two at a time",
                run: |event_loop| event_loop.run(semaphore()),
            },
            Part {
                name: "limit",
                about: "the closing takes its time after a limit, too",
                run: |event_loop| event_loop.run(limit()),
            },
            Part {
                name: "twice",
                about: "a second cancellation interrupts the closing, unless it is shielded",
                run: |event_loop| event_loop.run(cancelled_twice()),
            },
            Part {
                name: "ways",
                about: "three ways to close, four endings, and what is open after each",
                run: ways,
            },
        ],
    )
}

/// Tells the time of the running loop.
fn now() -> String {
    seconds(get_running_loop().expect("inside a task").time())
}

async fn pause(length: f64) -> Result<()> {
    Ok(sleep(Duration::from_secs_f64(length)).await?)
}

/// The other side: counts what is open, and notes how the last connection ended.
#[derive(Default)]
struct Server {
    open: Cell<i32>,
    heard: Cell<&'static str>,
}

struct Connection {
    server: Rc<Server>,
    name: &'static str,
    last_words: &'static str,
}

impl Connection {
    async fn open(server: &Rc<Server>, name: &'static str) -> Result<Connection> {
        pause(1.0).await?;
        server.open.set(server.open.get() + 1);
        println!("{name}: connected at {}", now());
        Ok(Connection {
            server: server.clone(),
            name,
            last_words: "a hang-up",
        })
    }

    async fn ask(&mut self, question: &str) -> Result<u32> {
        pause(1.0).await?;
        match question {
            "" => Err(Error::msg("no question")),
            // As a panic does, but it says nothing on standard error.
            "panic" => resume_unwind(Box::new("no question")),
            _ => Ok(42),
        }
    }

    async fn close(mut self) -> Result<()> {
        pause(1.0).await?;
        self.last_words = "a goodbye";
        println!("{}: closed at {}", self.name, now());
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.server.open.set(self.server.open.get() - 1);
        self.server.heard.set(self.last_words);
    }
}

/// Opens a connection for the length of the block; after a panic, too, it closes before the panic goes on.
async fn with_connection<T>(
    server: &Rc<Server>,
    name: &'static str,
    block: impl AsyncFnOnce(&mut Connection) -> Result<T>,
) -> Result<T> {
    let mut connection = Connection::open(server, name).await?;
    let result = AssertUnwindSafe(block(&mut connection))
        .catch_unwind()
        .await;
    connection.close().await?;
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

async fn with() -> Result<()> {
    let server = Rc::default();
    with_connection(&server, "anna", async |connection| {
        println!("{}", connection.ask("life").await?);
        Ok(())
    })
    .await?;
    println!("open {} after {}", server.open.get(), server.heard.get());
    Ok(())
}

async fn with_an_error() -> Result<()> {
    let server = Rc::default();
    let failed = with_connection(&server, "anna", async |connection| {
        println!("{}", connection.ask("").await?);
        Ok(())
    })
    .await;
    if let Err(error) = failed {
        println!("{error} at {}", now());
    }
    println!("open {} after {}", server.open.get(), server.heard.get());
    Ok(())
}

async fn order() -> Result<()> {
    let server = Rc::default();
    with_connection(&server, "anna", async |_| {
        with_connection(&server, "ben", async |connection| {
            println!("{}", connection.ask("life").await?);
            Ok(())
        })
        .await
    })
    .await
}

async fn visit(name: &'static str, lock: Lock) -> Result<()> {
    let _guard = lock.acquire().await?;
    println!("{name} enters at {}", now());
    pause(1.0).await?;
    if name == "anna" {
        return Err(Error::msg("anna stumbles"));
    }
    println!("{name} leaves at {}", now());
    Ok(())
}

async fn lock() -> Result<()> {
    let lock = Lock::new();
    let names = ["anna", "ben", "carla", "dora"];
    let visits: [Task<()>; 4] = names.map(|name| create_task(visit(name, lock.clone())));
    pause(2.5).await?;
    println!("locked: {}", lock.is_locked());
    visits[2].cancel();
    for outcome in gather_return_exceptions(&visits).await? {
        match outcome {
            Ok(()) => println!("well"),
            Err(error) if error.is_cancelled() => println!("cancelled"),
            Err(error) => println!("{error}"),
        }
    }
    println!("locked: {}", lock.is_locked());
    Ok(())
}

async fn sit(name: &'static str, seats: Semaphore) -> Result<()> {
    let _seat = seats.acquire().await?;
    println!("{name} sits at {}", now());
    pause(1.0).await
}

async fn semaphore() -> Result<()> {
    let seats = Semaphore::new(2);
    gather(["anna", "ben", "carla"].map(|name| sit(name, seats.clone()))).await?;
    println!("all taken: {}", seats.is_locked());
    Ok(())
}

async fn limit() -> Result<()> {
    let server = Rc::default();
    let patient = with_connection(&server, "anna", async |_| pause(10.0).await);
    if let Err(error) = timeout(Duration::from_secs(3), patient).await {
        println!("{error} at {}", now());
    }
    println!("open {} after {}", server.open.get(), server.heard.get());
    Ok(())
}

async fn say_goodbye() -> Result<()> {
    pause(1.0).await?;
    println!("goodbye at {}", now());
    Ok(())
}

async fn cancelled_twice() -> Result<()> {
    for shielded in [false, true] {
        let task = create_task(async move {
            let result = pause(10.0).await;
            if shielded {
                shield(say_goodbye()).await?;
            } else {
                say_goodbye().await?;
            }
            result
        });
        for _ in 0..2 {
            pause(0.5).await?;
            task.cancel();
        }
        wait([&task], None, ReturnWhen::AllCompleted).await?;
        println!("shielded {shielded}: ended at {}", now());
        pause(1.0).await?;
    }
    Ok(())
}

/// Hands its connection to the closer when it is dropped.
struct Lease {
    connection: Option<Connection>,
    closer: Queue<Connection>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            // A queue without bounds is never full.
            let _ = self.closer.put_nowait(connection);
        }
    }
}

async fn close_all(queue: Queue<Connection>) -> Result<()> {
    loop {
        queue.get().await?.close().await?;
        queue.task_done()?;
    }
}

async fn use_connection(
    way: &'static str,
    question: &'static str,
    server: Rc<Server>,
    closer: Queue<Connection>,
) -> Result<()> {
    match way {
        "explicit" => {
            let mut connection = Connection::open(&server, way).await?;
            connection.ask(question).await?;
            connection.close().await
        }
        "scope" => {
            let block = async |connection: &mut Connection| connection.ask(question).await;
            with_connection(&server, way, block).await.map(drop)
        }
        _ => {
            let mut lease = Lease {
                connection: Some(Connection::open(&server, way).await?),
                closer,
            };
            if let Some(connection) = &mut lease.connection {
                connection.ask(question).await?;
            }
            Ok(())
        }
    }
}

const ENDINGS: [(&str, &str); 4] = [
    ("normal end", "life"),
    ("error", ""),
    ("panic", "panic"),
    ("cancellation", "life"),
];

fn ways(event_loop: &EventLoop) -> Result<()> {
    let server: Rc<Server> = Rc::default();
    let queue = Queue::new();
    let closer = event_loop.create_task(close_all(queue.clone()));
    for way in ["explicit", "scope", "clean-up task"] {
        for (ending, question) in ENDINGS {
            let user = use_connection(way, question, server.clone(), queue.clone());
            let user = event_loop.create_task(user);
            event_loop.run_until_complete(pause(1.5))?;
            let open = server.open.get();
            if ending == "cancellation" {
                user.cancel();
            }
            // A panic leaves the loop here; the others leave a result.
            let _ = catch_unwind(AssertUnwindSafe(|| event_loop.run_until_complete(&user)));
            let join = queue.clone();
            event_loop.run_until_complete(async move { Ok(join.join().await?) })?;
            let (heard, after) = (server.heard.get(), server.open.get());
            println!("{way}, {ending}: {heard}, open {open}, then {after}");
        }
    }
    closer.cancel();
    // It ends with the cancellation.
    let _ = event_loop.run_until_complete(closer);
    Ok(())
}
