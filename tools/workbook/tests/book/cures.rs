//! What a page says in words of its programs: with this change, that one prints this.

use std::process::Command;

use libtest_mimic::{Failed, Trial};
use workbook::programs::chapter::Chapter;
use workbook::programs::compile::Source;
use workbook::programs::program::run_now;

use crate::{Context, skip_unless};

struct Change {
    chapter: &'static str,
    /// What no other program of the chapter contains.
    program: &'static str,
    says: &'static str,
    /// Each of these occurs once.
    replace: &'static [(&'static str, &'static str)],
    /// Or the error with which it does not compile, as the compiler writes it: `error[E0277]`.
    prints: &'static str,
}

const LOOK: &str = "let degrees = self.0.lock().unwrap().degrees;\n        if let Some(degrees) = degrees {";
const LOOK_UNDER_LOCK: &str = "let mut slot = self.0.lock().unwrap();\n        if let Some(degrees) = slot.degrees {";
const LEAVE: &str = "self.0.lock().unwrap().waker = Some(cx.waker().clone());";
const LEAVE_UNDER_LOCK: &str = "slot.waker = Some(cx.waker().clone());";
const UNLUCKY: &str = "thread::sleep(Duration::from_millis(500)); // Stands for an unlucky moment.";

const FORGOTTEN: &str = "println!(\"forgotten\")";
/// In the callbacks that hand on every error: the guest gives up while the water boils.
const GIVES_UP: [(&str, &str); 2] = [
    ("Duration::from_secs(10)", "Duration::from_millis(500)"),
    ("    Ok(())\n}\n\nfn main", "    Ok(sleep(Duration::from_secs(9)).await?)\n}\n\nfn main"),
];

const GATHERED: &str = "let results = gather(&tasks).await;";
const CANCEL_OTHERS: &str =
    "for task in tasks.iter().filter(|task| task.cancelling() == 0) {\n        task.cancel();\n    }";
const CLOSE: &str = "sleep(Duration::from_secs(1)).await?; // Close the connection.";
const CLOSE_SLOWLY: &str = "sleep(Duration::from_secs(seconds)).await?;";
const AWAIT_ALL_OF: &str = "if let Err(error) = all_of([prices, orders]).await {";
const CANCEL_ALL_OF: &str = "let both = create_task(all_of([prices, orders]));
    let this = both.clone();
    get_running_loop()?.call_later(Duration::from_millis(1000), move || drop(this.cancel()));
    if let Err(error) = both.await {";
const CANCEL_ALL_OF_LATER: &str = "let both = create_task(all_of([prices, orders]));
    let this = both.clone();
    get_running_loop()?.call_later(Duration::from_millis(2500), move || drop(this.cancel()));
    if let Err(error) = both.await {";

/// The rest of a program's `main` runs on a thread that may panic.
const AS_READER: &str = "fn main() {
    println!(\"the reader has panicked: {}\", std::thread::spawn(reader).join().is_err());
}

fn reader() {
";

const CHANGES: &[Change] = &[
    Change {
        chapter: "blocking.md",
        program: "static VISITORS",
        says: "none is lost if reading and writing are one step",
        replace: &[
            ("VISITORS.store(VISITORS.load(SeqCst) + 1, SeqCst);", "VISITORS.fetch_add(1, SeqCst);"),
            ("    assert!(VISITORS.load(SeqCst) < 2_000_000);\n", ""),
        ],
        prints: "2000000 visitors\n",
    },
    Change {
        chapter: "blocking.md",
        program: "println!(\"spawned: {} s\"",
        says: "tasks that are awaited where they are spawned run in turn",
        replace: &[
            ("tasks.push(tokio::spawn(weather(milliseconds)));", "tokio::spawn(weather(milliseconds)).await.unwrap();"),
            ("let mut tasks = Vec::new();", "let tasks: Vec<tokio::task::JoinHandle<()>> = Vec::new();"),
        ],
        prints: "joined: 2 s\nspawned: 2 s\n",
    },
    Change {
        chapter: "blocking.md",
        program: "async fn watch() {",
        says: "with workers the watch says nothing",
        replace: &[("(flavor = \"current_thread\")", "(worker_threads = 2)")],
        prints: "Oslo: sun, Rome: sun\nboth took 1 s\nCairo: sun\n",
    },
    Change {
        chapter: "task.md",
        program: "async fn send_and_report(",
        says: "what nobody waits for at the end is dropped on Tokio",
        replace: &[("        task.await.unwrap();\n", "        drop(task);\n")],
        prints: "sent to anna@home\nfailed: no address: ben\ntask 6 panicked with message \"a receipt for nobody\"\nthe shop closes\n",
    },
    Change {
        chapter: "task.md",
        program: "anyhow!(",
        says: "a text as the error of a task is handed on by map_err and two question marks",
        replace: &[
            ("use anyhow::{Result, anyhow};", "type Result<T> = std::result::Result<T, String>;"),
            ("Err(anyhow!(\"no address: {to}\"))", "Err(format!(\"no address: {to}\"))"),
            (".await?;", ".await.map_err(|error| error.to_string())?;"),
            (".await??;", ".await.map_err(|error| error.to_string())??;"),
        ],
        prints: "failed: false, true\n",
    },
    Change {
        chapter: "task.md",
        program: "anyhow!(",
        says: "a JoinError becomes no text by itself",
        replace: &[
            ("use anyhow::{Result, anyhow};", "type Result<T> = std::result::Result<T, String>;"),
            ("Err(anyhow!(\"no address: {to}\"))", "Err(format!(\"no address: {to}\"))"),
        ],
        prints: "error[E0277]",
    },
    Change {
        chapter: "task.md",
        program: ".named(\"Ben's\")",
        says: "what nobody waits for at the end is not sent",
        replace: &[("    anna.await?;\n    ben.await\n", "    Ok(())\n")],
        prints: "waits for Task-2 and Ben's\n",
    },
    Change {
        chapter: "task.md",
        program: "async fn ask_three()",
        says: "with let _ every task that has begun refuses, and at once",
        replace: &[
            ("let waited = sleep(Duration::from_secs(4)).await;", "let _ = sleep(Duration::from_secs(4)).await;"),
            ("if waited.is_err() && name != \"weak\" {", "println!(\"{name} goes on\");\n    if name == \"nobody\" {"),
            ("        waited?;\n", ""),
            ("    sleep(Duration::from_secs(2)).await?;\n", "    asyncio::yield_now().await?;\n"),
        ],
        prints: "careful begins\nweak begins\ncareful goes on\nweak goes on\nfinished\nfinished\ncancelled\n",
    },
    Change {
        chapter: "task.md",
        program: "async fn ask_parents()",
        says: "a parent whose child is cancelled by somebody else gets the same error, and was not asked",
        replace: &[
            (
                "create_task(download(name)).await?;",
                "let child = create_task(download(name));\n    child.cancel();\n    child.await?;",
            ),
            ("        asked.cancel();\n", ""),
        ],
        prints: "parent: cancelled, requests: 0\nparent: cancelled, requests: 0\n",
    },
    Change {
        chapter: "task.md",
        program: "told.recv().unwrap();\n    busy.abort();",
        says: "an await that is ready does not stop a task that was aborted",
        replace: &[("        \"finished\"\n", "        async {}.await;\n        \"finished\"\n")],
        prints: "Ok(\"finished\")\n",
    },
    Change {
        chapter: "task.md",
        program: "told.recv().unwrap();\n    busy.abort();",
        says: "an await that has to wait stops a task that was aborted",
        replace: &[
            ("        \"finished\"\n", "        tokio::task::yield_now().await;\n        \"finished\"\n"),
            ("println!(\"{:?}\", busy.await);", "println!(\"{}\", busy.await.is_ok());"),
        ],
        prints: "false\n",
    },
    Change {
        chapter: "future.md",
        program: UNLUCKY,
        says: "the lock held over looking and leaving loses no wake-up",
        replace: &[(LOOK, LOOK_UNDER_LOCK), (LEAVE, LEAVE_UNDER_LOCK)],
        prints: "done within 2 s: true, in the slot: Some(21)\n",
    },
    Change {
        chapter: "future.md",
        program: UNLUCKY,
        says: "a wake-up before the filling is lost, even if the waiter makes no mistake",
        replace: &[
            (LOOK, LOOK_UNDER_LOCK),
            (LEAVE, LEAVE_UNDER_LOCK),
            (UNLUCKY, ""),
            (
                "let mut slot = slot.lock().unwrap();\n    slot.degrees = Some(degrees);\n    let waker = slot.waker.take();\n    drop(slot);",
                "let waker = slot.lock().unwrap().waker.take();",
            ),
            (
                "waker.wake();",
                "waker.wake();
                 thread::sleep(Duration::from_millis(500));
                 slot.lock().unwrap().degrees = Some(degrees);",
            ),
        ],
        prints: "done within 2 s: false, in the slot: Some(21)\n",
    },
    Change {
        chapter: "future.md",
        program: "if slot.waker.is_none() {",
        says: "the latest waker is the one that counts",
        replace: &[("if slot.waker.is_none() {", "{")],
        prints: "within a second: false\nwithin a day: true\n",
    },
    Change {
        chapter: "future.md",
        program: "if slot.waker.is_none() {",
        says: "a waker may stay that wakes the same task",
        replace: &[(
            "if slot.waker.is_none() {",
            "if slot.waker.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {",
        )],
        prints: "within a second: false\nwithin a day: true\n",
    },
    Change {
        chapter: "future.md",
        program: "fn measure(degrees: oneshot",
        says: "all who wait for a clone of a shared receiver are woken",
        replace: &[(
            "println!(\"{:?}\", receiver.await);",
            "let shared = futures::FutureExt::shared(receiver);
             let [first, second] = [shared.clone(), shared].map(tokio::spawn);
             println!(\"{:?} {:?}\", first.await.unwrap(), second.await.unwrap());",
        )],
        prints: "Ok(21) Ok(21)\nthe sensor is broken\nErr(RecvError(())) Err(RecvError(()))\n",
    },
    Change {
        chapter: "future.md",
        program: "struct Unpark(Thread);",
        says: "a slot that is filled between the poll and the park wakes the executor",
        replace: &[(
            "Poll::Pending => thread::park(),",
            "Poll::Pending => {
                 thread::sleep(Duration::from_millis(300));
                 thread::park();
             }",
        )],
        prints: "poll\npoll\n21 degrees\n",
    },
    Change {
        chapter: "future.md",
        program: "fn run(mut tasks",
        says: "the executor sleeps for ever if nobody fills",
        replace: &[(
            "fill(&measured, 20);",
            "thread::sleep(Duration::from_secs(1));
             println!(\"still asleep\");
             std::process::exit(0);",
        )],
        prints: "poll convert\npoll display\nsleep\nstill asleep\n",
    },
    Change {
        chapter: "future.md",
        program: "fn run(mut tasks",
        says: "the waker of a future that was dropped is called, and its name passed over",
        replace: &[
            (
                "println!(\"  {} degrees Fahrenheit\", fahrenheit.await)",
                "let mut fahrenheit = fahrenheit;
                 std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut fahrenheit).poll(cx).is_ready())).await;
                 println!(\"  display gives up\");",
            ),
            (
                "println!(\"  converted\");",
                "let mut asked = false;
                 std::future::poll_fn(|cx| {
                     cx.waker().wake_by_ref();
                     if std::mem::replace(&mut asked, true) { Poll::Ready(()) } else { Poll::Pending }
                 })
                 .await;
                 println!(\"  converted\");",
            ),
        ],
        prints: "poll convert\npoll display\n  display gives up\nsleep\n             wake convert\npoll convert\n             \
                 wake display\n             wake convert\npoll convert\n             wake convert\n  converted\n",
    },
    Change {
        chapter: "future.md",
        program: "fn watch_sockets(",
        says: "who looks between the two locks of the reactor finds the number in the list",
        replace: &[
            (
                "let waker = table.lock().unwrap().wakers.remove(&socket);",
                "thread::sleep(Duration::from_millis(400));
                 let waker = table.lock().unwrap().wakers.remove(&socket);",
            ),
            (
                "tokio::spawn(Readable(7, table));",
                "tokio::spawn(async {
                     tokio::time::sleep(Duration::from_millis(400)).await;
                     Readable(7, table).await;
                 });",
            ),
        ],
        prints: "socket 5: nothing yet\nsocket 7: here it is\nsocket 5: here it is\n",
    },
    Change {
        chapter: "future.md",
        program: UNLUCKY,
        says: "while another task keeps the thread, a waker is called and nobody polled",
        replace: &[
            (LOOK, LOOK_UNDER_LOCK),
            (LEAVE, LEAVE_UNDER_LOCK),
            (UNLUCKY, "println!(\"poll\");"),
            ("waker.wake();", "println!(\"wake\");\n        waker.wake();"),
            (
                "let task = tokio::spawn(Degrees(slot.clone()));",
                "let task = tokio::spawn(Degrees(slot.clone()));
                 tokio::spawn(async {
                     thread::sleep(Duration::from_millis(500));
                     println!(\"blocks no longer\");
                 });",
            ),
        ],
        prints: "poll\nwake\nblocks no longer\ndone within 2 s: true, in the slot: Some(21)\n",
    },
    Change {
        chapter: "future.md",
        program: "sleep_until(end).await;",
        says: "a nap that ends between looking and leaving loses no wake-up",
        replace: &[
            (", start_paused = true", ""),
            ("    Nap { end: start + Duration::from_secs(3) }", "    Nap { end: start + Duration::from_millis(300) }"),
            (
                "        let (end, waker) =",
                "        std::thread::sleep(Duration::from_secs(1));\n        let (end, waker) =",
            ),
            (
                "    let start = Instant::now();\n    let mut lent",
                "    if start.elapsed().as_secs() < 100 {
                     return;
                 }
                 let start = Instant::now();
                 let mut lent",
            ),
        ],
        prints: "the nap is over after 1 s\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "Err(error) => slot.set_exception(error)?,",
        says: "a callback that hands on every error fails if the guest gives up first",
        replace: &GIVES_UP,
        prints: "second 0: timed out\nloop: promise is already done\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "Err(error) => slot.set_exception(error)?,",
        says: "a callback that asks leaves to the loop what went wrong after the guest gave up",
        replace: &[
            GIVES_UP[0],
            GIVES_UP[1],
            (
                "    match boiled.result() {",
                "    if slot.is_done() {\n        return Ok(());\n    }\n    match boiled.result() {",
            ),
        ],
        prints: "second 0: timed out\nloop: no power at 15 degrees\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "Err(error) => slot.set_exception(error)?,",
        says: "a cancellation of the boiling reaches the guest as one of his own",
        replace: &[
            ("boiling.add_done_callback(", "boiling.cancel();\n            boiling.add_done_callback("),
            (
                "Err(error) => println!(\"second {}: {error}\",",
                "Err(error) => println!(\"cancelled: {}, second {}\", error.is_cancelled(),",
            ),
        ],
        prints: "cancelled: true, second 0\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "println!(\"{megabytes} MB are here\")",
        says: "without its arm, a cancellation counts as a failure",
        replace: &[("Err(error) if error.is_cancelled() => println!(\"nobody wants it any more\"),", "")],
        prints: "64 MB are here\nfailed: broken off\nfailed: cancelled\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "fn load(cached: bool",
        says: "a library that always calls back later has one order",
        replace: &[("on_done();", "get_running_loop()?.call_soon(on_done);")],
        prints: "show that it is loading\nshow the page\nshow that it is loading\nshow the page\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "fn load(cached: bool",
        says: "a callback that is called at once panics when it borrows what its caller has borrowed to change",
        replace: &[
            ("for cached in", "let screen = std::rc::Rc::new(std::cell::RefCell::new(()));\n    for cached in"),
            (
                "load(cached, || println!(\"show the page\"))?;",
                "let shown = screen.clone();
                 let held = screen.borrow_mut();
                 load(cached, move || {
                     let borrow = std::panic::AssertUnwindSafe(|| drop(shown.borrow()));
                     println!(\"panics: {}\", std::panic::catch_unwind(borrow).is_err());
                 })?;
                 drop(held);",
            ),
        ],
        prints: "show that it is loading\npanics: false\npanics: true\nshow that it is loading\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "404 => slot.set_exception(",
        says: "a callback that does not ask fails, although its source is cancelled",
        replace: &[(
            "        if slot.is_done() {\n            return Ok(()); // Nobody waits any more.\n        }\n",
            "",
        )],
        prints: "timed out\ncalled back\nloop: a callback has failed\ntimed out\n\
                 called back\nnot found\ncalled back\nstatus 200\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "404 => slot.set_exception(",
        says: "behind a question mark, the source is not cancelled",
        replace: &[
            ("let status = answer.await;", "let status = answer.await?;"),
            ("request.cancel();\n    status", "request.cancel();\n    Ok(status)"),
        ],
        prints: "timed out\ncalled back\ntimed out\ncalled back\ncalled back\nnot found\ncalled back\nstatus 200\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "404 => slot.set_exception(",
        says: "a library that calls at once does the bridge no harm",
        replace: &[(
            "Ok(get_running_loop()?.call_later(later, move || on_done(status)))",
            "on_done(status)?;\n    Ok(get_running_loop()?.call_later(later, || ()))",
        )],
        prints: "called back\nstatus 200\ncalled back\nstatus 200\ncalled back\nnot found\ncalled back\nstatus 200\n",
    },
    Change {
        chapter: "callbacks.md",
        program: FORGOTTEN,
        says: "a library that panics tells that nothing will come",
        replace: &[(FORGOTTEN, "panic!(\"no such page\")")],
        prints: "Ok(Ok(200))\nOk(Err(\"not found\"))\nErr(RecvError(()))\n",
    },
    Change {
        chapter: "callbacks.md",
        program: FORGOTTEN,
        says: "out of an option the first of several calls takes the sender",
        replace: &[
            ("on_done: impl FnOnce(Answer)", "mut on_done: impl FnMut(Answer)"),
            (
                "\"/news\" => on_done(Ok(200)),",
                "\"/news\" => {\n            on_done(Ok(200));\n            on_done(Ok(500));\n        }",
            ),
            (
                "let (sender, receiver) = oneshot::channel();",
                "let (sender, receiver) = oneshot::channel();\n    let mut sender = Some(sender);",
            ),
            (
                "let _ = sender.send(answer);",
                "if let Some(sender) = sender.take() {\n            let _ = sender.send(answer);\n        }",
            ),
        ],
        prints: "Ok(Ok(200))\nOk(Err(\"not found\"))\nforgotten\nErr(RecvError(()))\n",
    },
    Change {
        chapter: "callbacks.md",
        program: FORGOTTEN,
        says: "the sender goes behind a pointer, and nobody drops it if a library in C does not call",
        replace: &[
            (
                "async fn page(",
                "extern \"C\" fn in_c(path: &str, call: extern \"C\" fn(*mut Sender, u32), data: *mut Sender) {
                     if path != \"/slow\" {
                         call(data, 200);
                     }
                 }

                 type Sender = oneshot::Sender<Answer>;

                 extern \"C\" fn called(sender: *mut Sender, status: u32) {
                     let _ = unsafe { Box::from_raw(sender) }.send(Ok(status));
                 }

                 async fn page(",
            ),
            (
                "fetch_on_thread(path, move |answer| {\n        let _ = sender.send(answer);\n    });\n    receiver.await",
                "let _ = fetch_on_thread::<fn(Answer)>;
                 in_c(path, called, Box::into_raw(Box::new(sender)));
                 match tokio::time::timeout(std::time::Duration::from_millis(100), receiver).await {
                     Ok(answer) => answer,
                     Err(_) => Ok(Err(\"timed out\".to_string())),
                 }",
            ),
            (
                "fn fetch_on_thread(path: &'static str, on_done: impl FnOnce(Answer) + Send + 'static) {",
                "fn fetch_on_thread<F: FnOnce(Answer) + Send + 'static>(path: &'static str, on_done: F) {",
            ),
        ],
        prints: "Ok(Ok(200))\nOk(Ok(200))\nOk(Err(\"timed out\"))\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "let larger = work(name).inspect(",
        says: "a value with a destructor that the future owns notices every end",
        replace: &[
            (
                "async fn watch(",
                "struct Noticed(&'static str);

                 impl Drop for Noticed {
                     fn drop(&mut self) {
                         println!(\"noticed: {}\", self.0);
                     }
                 }

                 async fn noticed(name: &'static str, _end: Noticed) -> u64 {
                     work(name).await
                 }

                 async fn watch(",
            ),
            (
                "let larger = work(name).inspect(move |_| println!(\"inspect: {name} is done\"));",
                "let larger = noticed(name, Noticed(name));",
            ),
            ("use futures::FutureExt;", ""),
            ("    println!(\"watcher: {name} is done: {}\", end.is_ok());\n", "    let _ = name;\n"),
        ],
        prints: "noticed: mail\nnoticed: report\nmain: Some(1)\nnoticed: backup\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "let _request = Request(request);",
        says: "without the destructor, the request goes on",
        replace: &[("let _request = Request(request);", "let _ = request;")],
        prints: "Err(Elapsed(()))\nOk(Err(\"not found\"))\nOk(Err(\"forgotten\"))\nthe answer comes\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "let _request = Request(request);",
        says: "a destructor that has the receiver gets what nobody has looked at",
        replace: &[
            ("struct Request(AbortHandle);", "struct Request(AbortHandle, oneshot::Receiver<Result<u32, String>>);"),
            (
                "self.0.abort();",
                "self.0.abort();
                 self.1.close();
                 println!(\"left: {:?}\", self.1.try_recv());",
            ),
            ("let _request = Request(request);", "let mut request = Request(request, receiver);"),
            ("    receiver.await", "    (&mut request.1).await"),
            ("[\"/slow\", \"/old\", \"/lost\"]", "[\"/slow\"]"),
            // The future is kept, and dropped when it is too late.
            (
                "println!(\"{:?}\", timeout(Duration::from_secs(2), page(path)).await);",
                "let mut page = Box::pin(page(path));
                 let _ = timeout(Duration::from_secs(2), &mut page).await;
                 sleep(Duration::from_secs(10)).await;
                 drop(page);",
            ),
        ],
        prints: "the answer comes\nleft: Ok(Ok(200))\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: GATHERED,
        says: "after a failure, to cancel the group does nothing",
        replace: &[
            ("let results = gather(&tasks).await;", "let group = gather(&tasks);\n    let results = (&group).await;"),
            (CANCEL_OTHERS, "println!(\"cancelled: {}\", group.cancel());"),
        ],
        prints: "cancelled: false\nsecond 4: orders is refused\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: GATHERED,
        says: "a plain gather does not wait for those who close",
        replace: &[("gather_return_exceptions(&tasks).await?;", "let _ = gather(&tasks).await;")],
        prints: "second 2: orders is refused\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: GATHERED,
        says: "to cancel a group that waits cancels its children",
        replace: &[
            (
                "let results = gather(&tasks).await;",
                "let group = gather(&tasks);
                 let this = group.clone();
                 get_running_loop()?.call_later(Duration::from_secs(1), move || drop(this.cancel()));
                 let results = group.await;",
            ),
            (CANCEL_OTHERS, ""),
        ],
        prints: "prices is closed\norders is closed\nsecond 2: cancelled\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: GATHERED,
        says: "a child that is cancelled by itself leaves its siblings alone",
        replace: &[
            (
                "let results = gather(&tasks).await;",
                "let orders = tasks[1].clone();
                 get_running_loop()?.call_later(Duration::from_secs(1), move || drop(orders.cancel()));
                 let results = gather(&tasks).await;
                 println!(\"second {}\", get_running_loop()?.time().as_secs());",
            ),
            (CANCEL_OTHERS, ""),
        ],
        prints: "orders is closed\nsecond 2\nsecond 4: cancelled\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: GATHERED,
        says: "to cancel all_of while gather waits cuts no clean-up short",
        replace: &[(CLOSE, CLOSE_SLOWLY), (AWAIT_ALL_OF, CANCEL_ALL_OF)],
        prints: "orders is closed\nprices is closed\nsecond 5: cancelled\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: GATHERED,
        says: "to ask again would cut short a clean-up that still waits",
        replace: &[
            (CLOSE, CLOSE_SLOWLY),
            (AWAIT_ALL_OF, CANCEL_ALL_OF),
            (CANCEL_OTHERS, "for task in &tasks {\n        task.cancel();\n    }"),
        ],
        prints: "orders is closed\nsecond 3: cancelled\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: GATHERED,
        says: "a cancellation during the second wait cuts the clean-up short, and replaces the failure",
        replace: &[(AWAIT_ALL_OF, CANCEL_ALL_OF_LATER)],
        prints: "second 2: cancelled\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "async fn order(guest: &str) -> Result<()> {",
        says: "a cancellation during the clean-up neither cuts it short nor replaces the failure",
        replace: &[(
            "if order(\"Anna\").await.is_err() {",
            "let order = asyncio::create_task(order(\"Anna\"));
             let this = order.clone();
             get_running_loop()?.call_later(Duration::from_secs(2), move || drop(this.cancel()));
             let outcome = order.await;
             println!(\"cancelled: {}\", outcome.as_ref().is_err_and(|error| error.is_cancelled()));
             if outcome.is_err() {",
        )],
        prints: "the payment is withdrawn\ncancelled: false\nsorry, in second 3\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: "for following in as_completed(tasks, None) {",
        says: "with the failure caught inside the loop the other teas are served",
        replace: &[(
            "println!(\"{} is served\", following.await?);",
            "match following.await {
                 Ok(tea) => println!(\"{tea} is served\"),
                 Err(error) => println!(\"{error}\"),
             }",
        )],
        prints: "green is served\nherbal is spilled\nblack is served\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: "tokio::join!(black(), herbal())",
        says: "what is joined may borrow from the function that awaits it",
        replace: &[
            ("async fn black()", "async fn black(name: &String)"),
            ("println!(\"black is ready\");", "println!(\"{name} is ready\");"),
            (
                "println!(\"{:?}\", tokio::join!(black(), herbal()));",
                "let name = String::from(\"black\");\n    println!(\"{:?}\", tokio::join!(black(&name), herbal()));",
            ),
            ("tokio::try_join!(black(), herbal())", "tokio::try_join!(black(&name), herbal())"),
        ],
        prints: "black is ready\nthe cup is free\n(Ok(\"black\"), Err(\"herbal is spilled\"))\nthe cup is free\nErr(\"herbal is spilled\")\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: "mut requests: JoinSet<",
        says: "a limit around join_next leaves the set and its tasks alone",
        replace: &[(
            "if let Err(error) = all_of(requests).await {",
            "let limit = start + Duration::from_secs(1);
             let in_time = tokio::time::timeout_at(limit, requests.join_next()).await;
             println!(\"in time: {}, in the set: {}\", in_time.is_ok(), requests.len());
             if let Err(error) = all_of(requests).await {",
        )],
        prints: "in time: false, in the set: 2\norders is closed\nprices is closed\nsecond 2: orders is refused\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: "Arc::new(Semaphore::new(10))",
        says: "join_all of a JoinSet panics if a task has panicked, and the others are aborted",
        replace: &[
            (
                "let answers = requests.join_all().await.len();",
                "requests.spawn(async { panic!(\"refused\") });
                 let all = tokio::spawn(requests.join_all()).await;
                 sleep(Duration::from_millis(1)).await;
                 let held = Arc::strong_count(&places) - 1;",
            ),
            (
                "println!(\"{answers} answers after {} s\", start.elapsed().as_secs());",
                "println!(\"{:?}, {held} tasks, second {}\", all.map_err(|error| error.is_panic()), start.elapsed().as_secs());",
            ),
        ],
        prints: "Err(true), 0 tasks, second 0\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: "async fn first_of(",
        says: "the others are cancelled, and without the failure the fastest is the first",
        replace: &[
            ("\"Wien\" {", "\"Rome\" {"),
            (
                "waited?.done",
                "println!(\"cancelled: {:?}\", [0, 1, 2].map(|n| tasks[n].is_cancelled()));\n    waited?.done",
            ),
        ],
        prints: "cancelled: [true, true, false]\nWien\n",
    },
    Change {
        chapter: "messages.md",
        program: "stream::iter(&names)",
        says: "a stream of what it owns goes into a task",
        replace: &[("stream::iter(&names)", "stream::iter(names)")],
        prints: "1\n",
    },
    Change {
        chapter: "messages.md",
        program: "written = line.write(",
        says: "two branches may have one half each of a connection",
        replace: &[
            ("let (_office, mut line) = duplex(64);", "let (_office, line) = duplex(64);"),
            ("    let mut answer", "    let (mut reading, mut writing) = tokio::io::split(line);\n    let mut answer"),
            ("line.read(", "reading.read("),
            ("line.write(", "writing.write("),
        ],
        prints: "written: Ok(8)\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "let payment = create_task(charge(guest));",
        says: "a task that is only cancelled is withdrawn after its caller has been told",
        replace: &[
            (
                "    check_stock().await?;\n",
                "    if let Err(error) = check_stock().await {
        payment.cancel();
        return Err(error);
    }
",
            ),
            (
                "    sleep(Duration::from_secs(3)).await?;\n",
                "    if let Err(cancelled) = sleep(Duration::from_secs(3)).await {
        sleep(Duration::from_secs(2)).await?;
        println!(\"the payment is withdrawn\");
        return Err(cancelled.into());
    }
",
            ),
        ],
        prints: "sorry: the cake is sold out\nthe payment is withdrawn\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "for following in as_completed(&tasks, None) {",
        says: "a download that fails and does not catch it ends the search",
        replace: &[
            (
                "    Ok(if server == \"Oslo\" { None } else { Some(format!(\"the text from {server}\")) })",
                "    if server == \"Oslo\" {
        return Err(asyncio::Error::msg(\"no such file\"));
    }
    Ok(Some(server.to_owned()))",
            ),
            (
                "let text = first_text().await?.unwrap();",
                "let text = first_text().await.is_err_and(|error| error.is::<asyncio::ErrorGroup>());",
            ),
        ],
        prints: "true in second 2\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "downloads.try_join_next()",
        says: "a set from which nobody takes keeps all of its tasks",
        replace: &[(
            "        while let Some(ended) = downloads.try_join_next() {\n            ended.unwrap();\n        }\n",
            "",
        )],
        prints: "second 4: the last of 6\nsecond 6: done\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "group.create_task(charge())?;",
        says: "an error of the body comes last, even if it was the first",
        replace: &[
            ("        group.create_task(check_stock())?;\n        Ok(())", "        check_stock().await"),
            (
                "return Err(cancelled.into());",
                "drop(cancelled);\n        return Err(Error::msg(\"the bank does not answer\"));",
            ),
            (
                "if order(\"Anna\").await.is_err() {",
                "if let Err(error) = order(\"Anna\").await {
            println!(\"{:?}\", error.downcast_ref::<asyncio::ErrorGroup>().unwrap().errors());",
            ),
        ],
        prints: "the payment is withdrawn\n[\"the bank does not answer\", \"the cake is sold out\"]\nsorry, in second 3\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "group.create_task(charge())?;",
        says: "a block that is ending and is cancelled spares the clean-up, and gives the errors",
        replace: &[(
            "if order(\"Anna\").await.is_err() {",
            "let order = asyncio::create_task(order(\"Anna\"));
        sleep(Duration::from_secs(2)).await?;
        order.cancel();
        if order.await.is_err_and(|error| error.is::<asyncio::ErrorGroup>()) {",
        )],
        prints: "the payment is withdrawn\nsorry, in second 3\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "group.create_task(charge())?;",
        says: "a body that hands on the cancellation of a task ends the block as cancelled",
        replace: &[
            (
                "        group.create_task(check_stock())?;\n        Ok(())",
                "        let stock = group.create_task(check_stock())?;
        sleep(Duration::ZERO).await?;
        stock.cancel();
        stock.await",
            ),
            (
                "if order(\"Anna\").await.is_err() {",
                "if order(\"Anna\").await.is_err_and(|error| error.is_cancelled()) {",
            ),
        ],
        prints: "the payment is withdrawn\nsorry, in second 2\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "group.create_task(charge())?;",
        says: "a panic of a task leaves the run, and nothing is withdrawn",
        replace: &[
            (
                "Err(Error::msg(\"the cake is sold out\"))",
                "if true { panic!(\"no shelf\") }\n    Err(Error::msg(\"\"))",
            ),
            (
                "    EventLoop::with_virtual_clock().run(async {",
                "    let run = std::panic::catch_unwind(|| EventLoop::with_virtual_clock().run(async {",
            ),
            (
                "        Ok(())\n    })\n}",
                "        asyncio::Result::Ok(())\n    }));\n    println!(\"left: {}\", run.is_err());\n    Ok(())\n}",
            ),
        ],
        prints: "left: true\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "println!(\"the evening is over {}\", now());",
        says: "a limit inside the task ends a clean-up that hangs",
        replace: &[(
            "        sleep(Duration::from_secs(2)).await?;",
            "        let bank = async { Ok(sleep(Duration::from_secs(3600)).await?) };
        let _ = asyncio::timeout(Duration::from_secs(1), bank).await;",
        )],
        prints: "Anna gets the money back in second 2
Ben gets the money back in second 3
the evening is over in second 3
",
    },
    Change {
        chapter: "task_groups.md",
        program: "for outcome in tasks.join_all().await {",
        says: "join_all panics if a task has, and drops the others",
        replace: &[
            ("    Err(String::from(\"the cake is sold out\"))", "    panic!(\"no shelf\")"),
            (
                "println!(\"{:?}\", order(\"Anna\").await);",
                "println!(\"panics: {}\", tokio::spawn(order(\"Anna\")).await.unwrap_err().is_panic());",
            ),
            (
                "    println!(\"in second {}\", start.elapsed().as_secs());",
                "    println!(\"in second {}\", start.elapsed().as_secs());\n    sleep(Duration::from_secs(9)).await;",
            ),
        ],
        prints: "panics: true\nin second 1\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "struct Payment;",
        says: "shutdown waits until what is left is gone",
        replace: &[(
            "    tasks.join_all().await;",
            "    sleep(Duration::from_secs(1)).await;\n    tasks.shutdown().await;\n    println!(\"the order is over\");",
        )],
        prints: "the payment is dropped\nthe order is over\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "TaskTracker::new()",
        says: "a tracker says nothing of an error",
        replace: &[
            ("closing: CancellationToken) {", "closing: CancellationToken) -> Result<(), String> {"),
            (
                "    println!(\"{name} goes home\");",
                "    println!(\"{name} goes home\");\n    Err(String::from(\"tired\"))",
            ),
        ],
        prints: "Ada has served one
closing
Bob goes home
Ada has served one
Ada goes home
all home: false, 1 left, second 14
",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "timeout(limit, &mut payment)",
        says: "a limit that is made outside of a runtime panics",
        replace: &[
            ("async { timeout(limit, &mut payment).await }", "timeout(limit, &mut payment)"),
            ("fn main() {\n", AS_READER),
        ],
        prints: "the reader has panicked: true\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "timeout(limit, &mut payment)",
        says: "a panic in block_on is one of the thread, and that of a task is an error",
        replace: &[
            (
                "    sleep(Duration::from_secs(3600)).await;",
                "    sleep(Duration::from_millis(1)).await;\n    panic!(\"the card is stuck\");",
            ),
            (
                "    let mut payment = handle.spawn(charge());\n",
                "    let error = handle.block_on(handle.spawn(charge())).unwrap_err();
    println!(\"panicked: {}\", error.is_panic());
    handle.block_on(charge());
    println!(\"the reader goes on\");
    let mut payment = handle.spawn(charge());\n",
            ),
            ("fn main() {\n", AS_READER),
        ],
        prints: "panicked: true\nthe reader has panicked: true\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "println!(\"main drives\");",
        says: "the workers of a multi_thread runtime drive it all the time",
        replace: &[
            ("Builder::new_current_thread()", "Builder::new_multi_thread()"),
            ("from_millis(100)", "from_millis(500)"),
            ("    thread::sleep(Duration::from_millis(500));", "    thread::sleep(Duration::from_millis(2000));"),
        ],
        prints: "computed\nspawned\nslept\nmain drives\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "println!(\"main drives\");",
        says: "block_on of the handle drives nothing, neither a task nor a timer",
        replace: &[(
            "    runtime.block_on(async { sleep(Duration::from_millis(500)).await });",
            "    let handle = runtime.handle().clone();
    thread::spawn(move || handle.block_on(async { sleep(Duration::from_millis(500)).await }));
    thread::sleep(Duration::from_millis(1000));",
        )],
        prints: "computed\nmain drives\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "println!(\"the reader: {error}\");",
        says: "a concurrent future that is dropped does not end its task",
        replace: &[(
            "    Err(Error::msg",
            "    asyncio::sleep(std::time::Duration::from_millis(100)).await?;
    println!(\"the bank refuses {guest}\");
    Err(Error::msg",
        )],
        prints: "the bank refuses Anna\nthe bank refuses Ben\nthe reader: Ben's card is refused\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "async fn work_off(mut orders",
        says: "in a group one failure loses other orders",
        replace: &[
            (
                "done.borrow_mut()",
                "if number == 13 { return Err(asyncio::Error::msg(\"burnt\")); }\n    done.borrow_mut()",
            ),
            (
                "sender.blocking_send(number).unwrap()",
                "{ let _ = sender.blocking_send(number); thread::sleep(Duration::from_millis(5)) }",
            ),
            ("    .await?;\n    println!", "    .await.unwrap_err();\n    println!"),
            ("println!(\"done: {}\", done.borrow().len())", "println!(\"lost: {}\", done.borrow().len() < 98)"),
        ],
        prints: "lost: true\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "async fn work_off(mut orders",
        says: "when a group has failed, blocking_send gives an error, and its unwrap a panic in the driver",
        replace: &[
            (
                "done.borrow_mut()",
                "if number == 13 { return Err(asyncio::Error::msg(\"burnt\")); }\n    done.borrow_mut()",
            ),
            ("    for _ in 0..2 {\n", "    let mut drivers = Vec::new();\n    for _ in 0..2 {\n"),
            (
                "        thread::spawn(move || (0..50).for_each(|number| sender.blocking_send(number).unwrap()));",
                "        drivers.push(thread::spawn(move || (0..50).cycle().for_each(|number| sender.blocking_send(number).unwrap())));",
            ),
            (
                "    asyncio::run(work_off(orders))",
                "    println!(\"failed: {}\", asyncio::run(work_off(orders)).is_err());
    for driver in drivers {
        println!(\"a driver has panicked: {}\", driver.join().is_err());
    }
    Ok(())",
            ),
        ],
        prints: "failed: true\na driver has panicked: true\na driver has panicked: true\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "async fn work_off(mut orders",
        says: "in this library a panic in a group leaves the whole loop",
        replace: &[
            ("done.borrow_mut()", "assert_ne!(number, 13);\n    done.borrow_mut()"),
            ("sender.blocking_send(number).unwrap()", "{ let _ = sender.blocking_send(number); }"),
            (
                "    asyncio::run(work_off(orders))",
                "    let run = thread::spawn(|| asyncio::run(work_off(orders)).is_ok());
    println!(\"the loop has panicked: {}\", run.join().is_err());
    Ok(())",
            ),
        ],
        prints: "the loop has panicked: true\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "timeout(limit, &mut payment)",
        says: "a runtime that is dropped gives an error to the thread that waits",
        replace: &[(
            "    let handle = runtime.handle();\n",
            "    let handle = runtime.handle().clone();
    let payment = handle.spawn(charge());
    let waits = async { println!(\"cancelled: {}\", payment.await.unwrap_err().is_cancelled()) };
    let of_reader = handle.clone();
    let reader = std::thread::spawn(move || of_reader.block_on(waits));
    drop(runtime);
    reader.join().unwrap();
    if true {
        return;
    }
",
        )],
        prints: "cancelled: true\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "Event::Loaded(name) => println!",
        says: "a coroutine that fails hands in nothing",
        replace: &[
            ("take(4)", "take(3)"),
            ("    let _ = window.send", "    assert_ne!(name, \"the text\");\n    let _ = window.send"),
        ],
        prints: "a click on the map\na click on the text\nthe map is there\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "    dispatch(orders).await;",
        says: "the dispatcher does not end while a sender is left",
        replace: &[(
            "    thread::spawn(move || {\n        for order",
            "    let _kept = sender.clone();
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(3));
        println!(\"not closed\");
        std::process::exit(0);
    });
    thread::spawn(move || {\n        for order",
        )],
        prints: "lost: true\nAnna has paid\nlost: false\nnot closed\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "    shop.close();",
        says: "without close the payment ends with main",
        replace: &[("    shop.close();\n", "    if false {\n        shop.close();\n    }\n")],
        prints: "closed\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "    shop.close();",
        says: "close waits for ever if a clone of the sender is left",
        replace: &[(
            "    shop.close();\n",
            "    let _kept = shop.orders.clone();
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(3));
        println!(\"not closed\");
        std::process::exit(0);
    });
    shop.close();\n",
        )],
        prints: "lost: true\nAnna has paid\nlost: false\nnot closed\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "    let payment = handle.run_coroutine_threadsafe(|| async {",
        says: "a task may hand something in, and look at the result later",
        replace: &[(
            "    match payment.result(Duration::from_millis(500)) {",
            "    handle.call_soon_threadsafe(|| println!(\"the lamp is lit\"))?;
    asyncio::sleep(Duration::from_millis(10)).await?;
    match payment.result(None) {",
        )],
        prints: "the lamp is lit\nAnna has paid\n",
    },
    Change {
        chapter: "timeouts.md",
        program: "fn download(file",
        says: "work that blocks is in time, whatever the limit is",
        replace: &[
            ("sleep(Duration::from_secs(if", "std::thread::sleep(Duration::from_millis(if"),
            ("{ 1 })).await;", "{ 1 }));"),
            ("use tokio::time::{sleep, timeout};", "use tokio::time::timeout;"),
            ("timeout(Duration::from_secs(2)", "timeout(Duration::from_millis(20)"),
            (", start_paused = true", ""),
        ],
        prints: "in time: Ok(4096)\nindex.html: Ok(4096)\nin time: Err(\"not found\")\nold.html: Err(\"not found\")\n\
                 in time: Ok(4096)\nvideo.mp4: Ok(4096)\n",
    },
    Change {
        chapter: "timeouts.md",
        program: "ask_for_two_seconds(8).await, start",
        says: "a goodbye that hangs is broken off",
        replace: &[("sleep(Duration::from_secs(3)).await;", "sleep(Duration::from_secs(60)).await;")],
        prints: "None in second 7\n",
    },
    Change {
        chapter: "timeouts.md",
        program: "ask_for_two_seconds(8).await, start",
        says: "a caller that is dropped does not tell the call",
        replace: &[
            (
                "ask_for_two_seconds(8).await, start",
                "timeout(Duration::from_secs(1), ask_for_two_seconds(8)).await, start",
            ),
            ("    Some(\"two cakes\")", "    println!(\"answered\");\n    Some(\"two cakes\")"),
            ("    let twice", "    sleep(Duration::from_secs(9)).await;\n    let twice"),
        ],
        prints: "Err(Elapsed(())) in second 1\nanswered\n",
    },
    Change {
        chapter: "timeouts.md",
        program: "ask_for_two_seconds(8).await, start",
        says: "with a guard it does",
        replace: &[
            (
                "ask_for_two_seconds(8).await, start",
                "timeout(Duration::from_secs(1), ask_for_two_seconds(8)).await, start",
            ),
            ("CancellationToken::new();", "CancellationToken::new();\n    let _guard = token.clone().drop_guard();"),
            ("    let twice", "    sleep(Duration::from_secs(4)).await;\n    let twice"),
        ],
        prints: "Err(Elapsed(())) in second 1\nsaid goodbye\n",
    },
    Change {
        chapter: "timeouts.md",
        program: "println!(\"the phone is put down\");",
        says: "a thread under a limit goes on",
        replace: &[
            (
                "    sleep(Duration::from_secs(seconds)).await;\n    sleep(Duration::from_secs(3)).await;\n    println!(\"said goodbye\");",
                "    let call = move || {
        std::thread::sleep(Duration::from_millis(100 * seconds));
        println!(\"the thread is done\");
    };
    tokio::task::spawn_blocking(call).await.unwrap();",
            ),
            ("use tokio::time::{Instant, sleep, timeout};", "use tokio::time::{Instant, timeout};"),
            ("timeout(Duration::from_secs(2)", "timeout(Duration::from_millis(20)"),
            (", start_paused = true", ""),
        ],
        prints: "the phone is put down\nsecond 0: deadline has elapsed\nthe thread is done\n",
    },
    Change {
        chapter: "timeouts.md",
        program: "let mut payment = tokio::spawn(pay());",
        says: "a payment that nobody awaits ends with main",
        replace: &[("            payment.await.unwrap();\n", "")],
        prints: "1 of 3 paid\nthe customer has left\n",
    },
    Change {
        chapter: "timeouts.md",
        program: "match shield(&payment).await",
        says: "if the payment is cancelled, nobody has left",
        replace: &[(
            "    sleep(Duration::from_secs(3)).await?;\n    println!(\"paid\");\n",
            "    asyncio::current_task().unwrap().cancel();\n    sleep(Duration::from_secs(3)).await?;\n",
        )],
        prints: "order cancelled: true\n",
    },
    Change {
        chapter: "select.md",
        program: "file = &mut photo",
        says: "a condition keeps what has been ready from being polled",
        replace: &[
            ("    for _ in 0..2 {", "    let mut page_is_here = false;\n    for _ in 0..2 {"),
            (
                "file = &mut page => arrived.push(file)",
                "file = &mut page, if !page_is_here => { println!(\"{file}\"); page_is_here = true; }",
            ),
            ("    let mut arrived = Vec::new();\n", ""),
            ("arrived.push(file)", "println!(\"{file}\")"),
        ],
        prints: "index.html\nphoto.png\n",
    },
    Change {
        chapter: "select.md",
        program: "job.set(download(file))",
        says: "without its condition the second name breaks the first download off",
        replace: &[(", if !busy", "")],
        prints: "b.zip in second 60\n",
    },
    Change {
        chapter: "clocks.md",
        program: "println!(\"{}\", ask(supplier()?).await?);",
        says: "without a timer this library waits for a socket",
        replace: &[
            ("use tokio::io::AsyncReadExt;\nuse tokio::net::TcpStream;\n", ""),
            (
                "    let mut connection = TcpStream::connect(supplier).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    Ok(answer)
",
                "    let (reader, _writer) = asyncio::open_connection(supplier).await.unwrap();
    Ok(String::from_utf8(reader.read_to_end().await.unwrap()).unwrap())
",
            ),
            (
                "#[tokio::main(flavor = \"current_thread\", start_paused = true)]\nasync fn main() -> io::Result<()> {",
                "fn main() {
    asyncio::EventLoop::with_virtual_clock().run(async { Ok(call().await?) }).unwrap();
}

async fn call() -> io::Result<()> {",
            ),
        ],
        prints: "two cakes\n",
    },
    Change {
        chapter: "clocks.md",
        program: "end.signal()",
        says: "Ctrl-C ends a program on Tokio without any Drop, too",
        replace: &[("Signal::TERM", "Signal::INT")],
        prints: "ended by signal: Some(2)\n",
    },
    Change {
        chapter: "clocks.md",
        program: "end.signal()",
        says: "a read from the keyboard holds the end of the program",
        replace: &[
            (
                "        let end = process::Command::new(env::current_exe()?).arg(\"again\").status()?;
        println!(\"ended by signal: {:?}\", end.signal());
",
                "        use std::io::{BufRead, BufReader, Write};
        let mut again = process::Command::new(env::current_exe()?);
        again.arg(\"again\").stdin(process::Stdio::piped()).stdout(process::Stdio::piped());
        let mut child = again.spawn()?;
        println!(\"{}\", BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap()?);
        std::thread::sleep(Duration::from_millis(300));
        println!(\"it still runs: {}\", child.try_wait()?.is_none());
        child.stdin.as_mut().unwrap().write_all(b\"\\n\")?;
        println!(\"after Enter it ends: {:?}\", child.wait()?.signal());
",
            ),
            (
                "    kill_process(getpid(), Signal::TERM)?;
    sleep(Duration::from_secs(3600)).await;
",
                "    let reading = tokio::task::spawn_blocking(|| io::stdin().lines().next());
    let _ = tokio::time::timeout(Duration::from_millis(100), reading).await;
    println!(\"main is over\");
",
            ),
        ],
        prints: "main is over\nit still runs: true\nafter Enter it ends: None\n",
    },
    Change {
        chapter: "clocks.md",
        program: "\"backup\", 3_600_000",
        says: "exit runs no destructor",
        replace: &[(
            "    let closing = CancellationToken::new();\n",
            "    struct Place;
    impl Drop for Place {
        fn drop(&mut self) {
            println!(\"cleaned up\");
        }
    }
    let _place = Place;
    let closing = CancellationToken::new();
",
        )],
        prints: "asked to end\nlog is written\nover the limit\nasked to end\n",
    },
    Change {
        chapter: "clocks.md",
        program: "\"backup\", 3_600_000",
        says: "Tokio never gives a signal back",
        replace: &[(
            "    closing.cancel();\n",
            "    drop(interrupt);
    kill_process(getpid(), Signal::INT)?;
    thread::sleep(Duration::from_millis(100));
    println!(\"still here\");
    process::exit(1);
",
        )],
        prints: "asked to end\nstill here\nasked to end\nstill here\n",
    },
    Change {
        chapter: "select.md",
        program: "async fn open(serving",
        says: "without a pin the lent sleep does not compile",
        replace: &[(
            "let mut evening = pin!(sleep(Duration::from_secs(10)));",
            "let mut evening = sleep(Duration::from_secs(10));",
        )],
        prints: "error[E0277]: `PhantomPinned` cannot be unpinned",
    },
    Change {
        chapter: "select.md",
        program: "let mut first = pin!(write(log));",
        says: "dropping the pin does not drop what is pinned",
        replace: &[("    drop(guard);\n", "    drop(first);\n    drop(guard);\n")],
        prints: "the first one still waits\nwithin an hour: false\n",
    },
    Change {
        chapter: "select.md",
        program: "let mut first = pin!(write(log));",
        says: "dropping a box drops the future in it",
        replace: &[
            ("use std::{pin::pin, time::Duration};", "use std::time::Duration;"),
            ("pin!(write(log))", "Box::pin(write(log))"),
            ("    drop(guard);\n", "    drop(first);\n    drop(guard);\n"),
        ],
        prints: "the first one still waits\nwritten once more\nwithin an hour: true\n",
    },
    Change {
        chapter: "select.md",
        program: "let mut first = pin!(write(log));",
        says: "what is pinned ends with the block around it",
        replace: &[
            ("    let mut first = pin!", "    {\n    let mut first = pin!"),
            ("    drop(guard);\n", "    }\n    drop(guard);\n"),
        ],
        prints: "the first one still waits\nwritten once more\nwithin an hour: true\n",
    },
    Change {
        chapter: "select.md",
        program: "let mut first = pin!(write(log));",
        says: "what is pinned may be awaited to its end",
        replace: &[("    drop(guard);\n", "    drop(guard);\n    first.await;\n")],
        prints: "the first one still waits\nwritten once more\nwithin an hour: true\n",
    },
    Change {
        chapter: "messages.md",
        program: "read = line.read(&mut answer)",
        says: "two halves, one for each branch, compile",
        replace: &[
            (
                "(_office, mut line) = duplex(64);",
                "(_office, socket) = duplex(64);\n    let (mut reading, mut writing) = tokio::io::split(socket);",
            ),
            ("line.read(", "reading.read("),
            ("line.write(", "writing.write("),
        ],
        prints: "written: Ok(8)\n",
    },
];

const IN_PYTHON: &[Change] = &[
    Change {
        chapter: "select.md",
        program: "reader.readline(), 1",
        says: "a read that is cancelled loses what it has collected",
        replace: &[
            ("reader.readline()", "reader.read()"),
            ("b\"s\\ncake\\n\")\n", "b\"s\\ncake\\n\")\n    later(1.6, reader.feed_eof)\n"),
            ("range(3)", "range(2)"),
        ],
        prints: "still open\norder: s\ncake\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "group.create_task(charge())\n",
        says: "an error of the body comes last in Python, too",
        replace: &[
            ("        group.create_task(check_stock())", "        await check_stock()"),
            (
                "        print(\"the payment is withdrawn\")\n        raise",
                "        raise OSError(\"the bank does not answer\")",
            ),
            (
                "    except* RuntimeError:",
                "    except* Exception as group:\n        print(*group.exceptions, sep=\", \")",
            ),
        ],
        prints: "the bank does not answer, the cake is sold out\nsorry, in second 3\n",
    },
    Change {
        chapter: "task_groups.md",
        program: "group.create_task(charge())\n",
        says: "a block of Python that is ending and is cancelled spares the clean-up, and gives the errors",
        replace: &[(
            "        await order(\"Anna\")",
            "        anna = asyncio.create_task(order(\"Anna\"))
        await asyncio.sleep(2)
        anna.cancel()
        await anna",
        )],
        prints: "the payment is withdrawn\nsorry, in second 3\n",
    },
    Change {
        chapter: "blocking.md",
        program: "visitors = one_more(visitors)",
        says: "some visitors are lost",
        replace: &[("print(visitors, \"visitors\")", "print(0 < visitors < 2_000_000)")],
        prints: "True\n",
    },
    Change {
        chapter: "blocking.md",
        program: "visitors = one_more(visitors)",
        says: "a lock around the line keeps all of them",
        replace: &[
            ("visitors = 0\n", "visitors, lock = 0, threading.Lock()\n"),
            ("        visitors = one_more(visitors)", "        with lock:\n            visitors = one_more(visitors)"),
        ],
        prints: "2000000 visitors\n",
    },
    Change {
        chapter: "task.md",
        program: "name=\"Ben's\"",
        says: "what nobody waits for at the end is not sent in Python",
        replace: &[("    await anna\n    await ben\n", "")],
        prints: "waits for Task-2 and Ben's\n",
    },
    Change {
        chapter: "future.md",
        program: "show(\"measured\")",
        says: "through the door for threads the value comes at once",
        replace: &[(
            "degrees.set_result(21)\n    show(\"measured\")",
            "degrees.get_loop().call_soon_threadsafe(degrees.set_result, 21)",
        )],
        prints: "got 21 in second 0\n",
    },
    Change {
        chapter: "future.md",
        program: "show(\"measured\")",
        // `wait_for` did so since Python 3.12, and `timeout` since it was there.
        says: "after the error of debug mode, not even a limit ends the wait",
        replace: &[
            ("import asyncio, threading, time", "import asyncio, os, threading, time"),
            (
                "    degrees.set_result(21)\n    show(\"measured\")",
                "    try:
        degrees.set_result(21)
    except RuntimeError as error:
        print(error)
    time.sleep(3)
    print(\"not ended\", flush=True)
    os._exit(0)",
            ),
            (
                "    await asyncio.wait_for(degrees, 2)",
                "    async with asyncio.timeout(2):
        await degrees",
            ),
            ("asyncio.run(main())", "asyncio.run(main(), debug=True)"),
        ],
        prints: "Non-thread-safe operation invoked on an event loop other than the current one\nnot ended\n",
    },
    Change {
        chapter: "future.md",
        program: "class Task(asyncio.Future):",
        says: "a task by hand whose slot is cancelled is cancelled",
        replace: &[
            ("number.set_result, 665)", "number.cancel)"),
            (
                "    print(await Task(add_one(number)))",
                "    task = Task(add_one(number))\n    await asyncio.wait([task])\n    print(task.cancelled())",
            ),
        ],
        prints: "True\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "add_done_callback(serve)",
        says: "the exception of a task that was cancelled is not None, but raised",
        replace: &[
            ("task.add_done_callback(serve)", "task.cancel()"),
            (
                "    await task",
                "    await asyncio.wait([task])
    try:
        task.exception()
    except asyncio.CancelledError:
        print('raised')",
            ),
        ],
        prints: "raised\n",
    },
    Change {
        chapter: "callbacks.md",
        program: "call_soon_threadsafe(fill, status)",
        says: "a call into a loop that is closed raises in the thread of the library",
        replace: &[
            ("import asyncio, threading", "import asyncio, threading, time"),
            (
                "    threading.Thread(target=on_done, args=[200]).start()",
                "    def late():
        time.sleep(0.3)
        try:
            on_done(100)
        except RuntimeError as error:
            print(error)
    threading.Thread(target=late).start()",
            ),
            (
                "print(asyncio.run(page()))",
                "try:
    asyncio.run(asyncio.wait_for(page(), 0.1))
except TimeoutError:
    print('given up')",
            ),
        ],
        prints: "given up\nEvent loop is closed\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "print(\"main goes on\")",
        says: "debug mode finds a call from a wrong thread only while somebody waits, and wakes nobody",
        replace: &[
            (
                "    cards.put_nowait(\"Anna\")",
                "    for guest in 'Anna', 'Ben':
        try:
            cards.put_nowait(guest)
            print('unnoticed:', guest)
        except RuntimeError as error:
            print('found:', guest)",
            ),
            (
                "    await task",
                "    done, _ = await asyncio.wait([task], timeout=1)
    print('woken:', task in done)
    task.cancel()",
            ),
            ("asyncio.run(main())", "asyncio.run(main(), debug=True)"),
        ],
        prints: "found: Anna\nunnoticed: Ben\nmain goes on\nwoken: False\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "await cashier(cards)",
        says: "a task may hand something in, and await it with wrap_future",
        replace: &[(
            "    await cashier(cards)",
            "    payment = asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01, 'Ben has paid'), loop)
    print(await asyncio.wrap_future(payment))
    await cashier(cards)",
        )],
        prints: "Ben has paid\ncharges Anna\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "payment.result(timeout=0.5)",
        says: "a coroutine that ends with a TimeoutError of its own gives the same class",
        replace: &[("        await asyncio.sleep(3600)", "        raise TimeoutError")],
        prints: "withdrawn\nover\nover\ntake your card\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "payment.result(timeout=0.5)",
        says: "the thread gets an ordinary exception that asyncio's class does not catch",
        replace: &[(
            "    print(\"take your card\")",
            "    try:
        payment.result()
    except asyncio.CancelledError:
        print(\"asyncio's\")
    except Exception as error:
        import concurrent.futures
        print(type(error) is concurrent.futures.CancelledError)",
        )],
        prints: "still at work\nover\nwithdrawn\nTrue\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "call_soon_threadsafe(loop.stop)",
        says: "asyncio.run cancels what another thread waits for",
        replace: &[
            ("loop.call_soon_threadsafe(loop.stop)", "loop.call_soon_threadsafe(closing.set)"),
            (
                "loop = asyncio.new_event_loop()\n",
                "async def main():\n    global closing\n    loop, closing = asyncio.get_running_loop(), asyncio.Event()\n    ",
            ),
            ("loop.run_forever()\nloop.close()", "    await closing.wait()\n\nasyncio.run(main())"),
            ("except Exception as error", "except concurrent.futures.CancelledError as error"),
            ("import asyncio, threading", "import asyncio, concurrent.futures, threading"),
        ],
        prints: "CancelledError\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "async def work_off(orders, drivers):",
        says: "a full queue raises on the loop, when the driver has gone on",
        replace: &[
            ("import asyncio, threading", "import asyncio, threading, time"),
            ("    for number in [", "    loop.call_soon_threadsafe(time.sleep, 0.2)\n    for number in ["),
            (
                "asyncio.run_coroutine_threadsafe(orders.put(number), loop).result()",
                "loop.call_soon_threadsafe(orders.put_nowait, number)",
            ),
            (
                "    await work_off(orders, 2)",
                "    errors = []
    loop.set_exception_handler(lambda loop, context: errors.append(context['exception']))
    try:
        await asyncio.wait_for(work_off(orders, 2), 1)
    except TimeoutError:
        print({type(error).__name__ for error in errors})",
            ),
        ],
        prints: "{'QueueFull'}\n",
    },
    Change {
        chapter: "dynamic_tasks.md",
        program: "async def work_off(orders, drivers):",
        says: "a driver may wait for ever if its put comes while the loop is closing",
        replace: &[
            ("import asyncio, threading", "import asyncio, threading, time"),
            (
                "    done.append(number)",
                "    if number == 13:
        raise RuntimeError(\"burnt\")
    done.append(number)",
            ),
            (
                "    for number in [*range(50), None]:
        asyncio.run_coroutine_threadsafe(orders.put(number), loop).result()",
                "    for number in range(14):
        asyncio.run_coroutine_threadsafe(orders.put(number), loop).result()
    time.sleep(1)
    try:
        for number in range(9):
            asyncio.run_coroutine_threadsafe(orders.put(number), loop).result(4)
    except TimeoutError:
        print(\"waits, and the loop is closed:\", loop.is_closed())
    try:
        asyncio.run_coroutine_threadsafe(orders.put(number), loop)
    except RuntimeError as error:
        print(error)",
            ),
            (
                "    for _ in range(2):\n",
                "    # Keeps the loop closing for a while.\n    loop.run_in_executor(None, time.sleep, 3)\n    for _ in range(1):\n",
            ),
            ("asyncio.run(main())", "try:\n    asyncio.run(main())\nexcept* RuntimeError:\n    pass"),
        ],
        prints: "waits, and the loop is closed: True\nEvent loop is closed\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: "tea(\"green\", 1), tea(\"black\", 4), tea(\"herbal\", 2))",
        says: "a group goes on while one does something else",
        replace: &[(
            "    teas = await asyncio.gather(
        tea(\"green\", 1), tea(\"black\", 4), tea(\"herbal\", 2))",
            "    group = asyncio.gather(tea(\"green\", 2), tea(\"black\", 2))
    await asyncio.sleep(2)
    teas = await group",
        )],
        prints: "green is ready\nblack is ready\nsecond 2: green, black\n",
    },
    Change {
        chapter: "gather_wait.md",
        program: "tea(\"black\", 4), tea(\"herbal\", 2), tea(\"mint\", 3))\n    except",
        says: "of a failure one hears only when one awaits the group",
        replace: &[(
            "        await asyncio.gather(
            tea(\"black\", 4), tea(\"herbal\", 2), tea(\"mint\", 3))",
            "        group = asyncio.gather(tea(\"black\", 1), tea(\"herbal\", 1))
        await asyncio.sleep(2)
        await group",
        )],
        prints: "black is ready\nsecond 2: herbal is spilled\n",
    },
    Change {
        chapter: "timeouts.md",
        program: "async def connect():",
        says: "wait_for does not tell the limit from the socket",
        replace: &[
            (
                "        async with asyncio.timeout(2) as limit:\n            await connect()\n",
                "        await asyncio.wait_for(connect(), 2)\n",
            ),
            (" as error:", " as e:"),
            ("\"too late\" if limit.expired() else f\"failed: {error}\"", "type(e) is TimeoutError"),
        ],
        prints: "True\n",
    },
    Change {
        chapter: "timeouts.md",
        program: "async def connect():",
        says: "a limit that was over has expired",
        replace: &[("    await asyncio.sleep(1)\n", "    await asyncio.sleep(3)\n")],
        prints: "too late\n",
    },
    Change {
        chapter: "timeouts.md",
        program: "async def connect():",
        says: "a timeout of an inner limit is told in the same way",
        replace: &[(
            "    await asyncio.sleep(1)\n    raise TimeoutError(\"from the socket\")\n",
            "    async with asyncio.timeout(1):\n        await asyncio.sleep(9)\n",
        )],
        prints: "failed: \n",
    },
    Change {
        chapter: "timeouts.md",
        program: "asyncio.shield(payment), 1.5",
        says: "asyncio.run cancels a payment that nobody awaits",
        replace: &[("        await payment\n", "")],
        prints: "1 of 3 paid\nthe customer has left\n",
    },
    Change {
        chapter: "timeouts.md",
        program: "async def order():",
        says: "if the payment is cancelled, nobody has left in Python",
        replace: &[(
            "    await asyncio.sleep(3)\n    print(\"paid\")\n",
            "    asyncio.current_task().cancel()\n    await asyncio.sleep(3)\n",
        )],
        prints: "order cancelled: true\n",
    },
    Change {
        chapter: "timeouts.md",
        program: "async def order():",
        says: "a payment that fails replaces the cancellation",
        replace: &[("    print(\"paid\")", "    raise ConnectionError")],
        prints: "the customer has left\norder cancelled: false\n",
    },
    Change {
        chapter: "clocks.md",
        program: "async def ring():",
        says: "the clock of the twins does not wait for to_thread",
        replace: &[
            ("import asyncio\n", "import asyncio, time\n"),
            (
                "    due = now()\n",
                "    try:
        await asyncio.wait_for(asyncio.to_thread(time.sleep, 0.05), 60)
    except TimeoutError:
        return print('too late')
    due = now()
",
            ),
        ],
        prints: "too late\n",
    },
    Change {
        chapter: "clocks.md",
        program: "async def ring():",
        says: "without the two lines the loop of the lamp makes up for what was missed",
        replace: &[("        while due < now():\n            due += 2\n", "")],
        prints: "0.0 2.0 7.0 7.0 8.0 ",
    },
    Change {
        chapter: "clocks.md",
        program: "async def ring():",
        says: "a full minute is a multiple of sixty seconds since 1970",
        replace: &[
            ("import asyncio\n", "import asyncio, time\n"),
            ("run(ring())", "now = time.time()\nprint(time.localtime(now + 60 - now % 60).tm_sec)"),
        ],
        prints: "0\n",
    },
    Change {
        chapter: "clocks.md",
        program: "loop.call_later(0.1, signal.raise_signal",
        says: "a second Ctrl-C breaks off a main that runs",
        replace: &[(
            "            loop.call_later(0.1, signal.raise_signal, signal.SIGINT)\n",
            "            signal.raise_signal(signal.SIGINT)\n            print(\"goes on\")\n",
        )],
        prints: "cleans up\nhas cleaned up\ninterrupted\ncleans up\ninterrupted\n",
    },
    Change {
        chapter: "clocks.md",
        program: "loop.call_later(0.1, signal.raise_signal",
        says: "what a second Ctrl-C cancels may take its time once more",
        replace: &[(
            "        await asyncio.sleep(0.5)\n",
            "        try:
            await asyncio.sleep(0.5)
        except asyncio.CancelledError:
            await asyncio.sleep(0.1)
            return print(\"has hurried up\")
",
        )],
        prints: "cleans up\nhas cleaned up\ninterrupted\ncleans up\nhas hurried up\ninterrupted\n",
    },
    Change {
        chapter: "clocks.md",
        program: "\"backup\", 3600",
        says: "with time enough all is written, once",
        replace: &[("\"backup\", 3600", "\"backup\", 0.6"), ("timeout=1", "timeout=9")],
        prints: "asked to end\nlog is written\nbackup is written\nasked to end\n",
    },
    Change {
        chapter: "clocks.md",
        program: "\"backup\", 3600",
        says: "a handler that is removed gives the signal back",
        replace: &[(
            "    loop.add_signal_handler(signal.SIGINT, os._exit, 1)\n",
            "    loop.remove_signal_handler(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    print(\"still here\", flush=True)
",
        )],
        prints: "asked to end\nasked to end\n",
    },
    Change {
        chapter: "clocks.md",
        program: "\"backup\", 3600",
        says: "a loop that closes gives the signal back",
        replace: &[
            ("\"backup\", 3600", "\"backup\", 0.6"),
            ("timeout=1", "timeout=9"),
            (
                "        os._exit(0)\n",
                "        signal.raise_signal(signal.SIGTERM)\n        print(\"still here\", flush=True)\n",
            ),
            ("[1, 2]", "[1]"),
        ],
        prints: "asked to end\nlog is written\nbackup is written\n",
    },
    Change {
        chapter: "clocks.md",
        program: "\"backup\", 3600",
        says: "without an exit, asyncio.run waits for the blocking call",
        replace: &[
            ("\"backup\", 3600", "\"backup\", 2"),
            ("        os._exit(1)\n\nfor", "        print(\"waits\", flush=True)\n\nfor"),
            ("[1, 2]", "[1]"),
            (
                "        asyncio.run(main(presses))",
                "        start = time.monotonic()\n        asyncio.run(main(presses))\n        print(time.monotonic() - start > 1.9, flush=True)",
            ),
        ],
        prints: "asked to end\nlog is written\nover the limit\nwaits\nTrue\n",
    },
];

pub fn trials(context: &'static Context, chapters: &'static [Chapter]) -> Vec<Trial> {
    let trial = |change: &'static Change| {
        let name = format!("cure {}: {}", change.chapter, change.says);
        Trial::test(name, move || prints_what_is_said(context, chapters, change)).with_kind("rust")
    };
    let in_python = |change: &'static Change| {
        let lacks = context.python_lacks("");
        let can_run = lacks.is_none();
        let name = format!("cure {}: {}", change.chapter, change.says);
        let test = move || lacks.map_or_else(|| prints_what_is_said(context, chapters, change), |why| Err(why.into()));
        skip_unless(can_run, Trial::test(name, test).with_kind("python"))
    };
    CHANGES.iter().map(trial).chain(IN_PYTHON.iter().map(in_python)).collect()
}

fn prints_what_is_said(context: &Context, chapters: &[Chapter], change: &Change) -> Result<(), Failed> {
    let blocks = chapters.iter().filter(|chapter| chapter.name == change.chapter).flat_map(|chapter| &chapter.blocks);
    let programs: Vec<_> = blocks.filter(|block| block.text.contains(change.program)).collect();
    let [program] = programs[..] else { return Err(format!("{} programs contain it", programs.len()).into()) };
    let is_rust = program.fence.is_rust();
    let mut source = if is_rust { program.rust_source() } else { program.text.clone() };
    for (old, new) in change.replace {
        assert_eq!(source.matches(old).count(), 1, "in the program: {old}");
        source = source.replace(old, new);
    }
    let _cores = context.cores.read();
    if !is_rust {
        let mut command = context.python.as_ref()?.command();
        command.args(["-c", &source]).env("PYTHONPATH", context.book.project().join("examples"));
        assert_eq!(run_now(&command)?.stdout, change.prints);
        return Ok(());
    }
    let compiled = context.compiler.compile_now(&Source::of(&source))?;
    if change.prints.starts_with("error[") {
        assert!(
            compiled.executable.is_none() && compiled.rendered().contains(change.prints),
            "{}",
            compiled.rendered()
        );
        return Ok(());
    }
    let executable = compiled.executable.ok_or("does not compile")?;
    assert_eq!(run_now(&Command::new(executable))?.stdout, change.prints);
    Ok(())
}
