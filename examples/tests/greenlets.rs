//! What the chapter on greenlets says of stacks, of fibers on a loop, and of finding calls that block.

#[path = "../fibers/mod.rs"]
mod fibers;
#[path = "../generators/mod.rs"]
mod generators;

use std::cell::RefCell;
use std::panic::catch_unwind;
use std::path::Path;
use std::process::{Command, Output};
use std::rc::Rc;
use std::time::Duration;
use std::{env, hint};

use asyncio::{EventLoop, create_task, gather, sleep, yield_now};
use corosensei::{Coroutine, Yielder};
use fibers::{Fiber, Hub};
use futures::channel::mpsc::{self, Receiver, Sender};
use futures::future::join_all;
use futures::{FutureExt, SinkExt, StreamExt};
use generators::Generator;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

type Trace = Rc<RefCell<Vec<String>>>;

/// Notes its name when it is dropped.
struct Noted(&'static str, Trace);

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.borrow_mut().push(format!("{} dropped", self.0));
    }
}

#[test]
fn a_generator_is_resumed_with_items_and_ends_once() {
    let mut doubling = Generator::new(|desk| async move {
        let mut answer = 0;
        while let Some(item) = desk.swap(answer).await {
            answer = 2 * item;
        }
    });
    let sent = [None, Some(1), Some(2), None, Some(3)];
    let answers = sent.map(|item| doubling.send(item));
    assert_eq!(answers, [Some(0), Some(2), Some(4), None, None]);
}

#[test]
fn a_generator_that_is_dropped_runs_its_destructors() {
    let trace = Trace::default();
    let noted = Noted("body", trace.clone());
    let mut generator = Generator::<(), _>::new(|desk| async move {
        let _noted = noted;
        desk.swap(1).await;
        unreachable!("nobody resumes it");
    });
    assert_eq!(generator.next(), Some(1));
    assert!(trace.borrow().is_empty());
    drop(generator);
    assert_eq!(*trace.borrow(), ["body dropped"]);
}

/// Waits two calls below the fiber's function, where no `.await` could stand.
fn wait_deep_inside(hub: &Hub, outer: Noted, inner: Noted) {
    fn inside(hub: &Hub, _inner: Noted) {
        hub.wait(std::future::pending::<()>());
    }
    inside(hub, inner);
    drop(outer);
}

#[test]
fn a_fiber_that_is_dropped_unwinds_its_stack_from_the_inside() {
    let trace = Trace::default();
    let (outer, inner) = (Noted("outer", trace.clone()), Noted("inner", trace.clone()));
    let fiber = Fiber::new(move |hub| wait_deep_inside(hub, outer, inner));
    let mut fiber = Box::pin(fiber);
    assert!(fiber.as_mut().now_or_never().is_none());
    assert!(trace.borrow().is_empty());
    drop(fiber);
    assert_eq!(*trace.borrow(), ["inner dropped", "outer dropped"]);
}

#[test]
fn a_cancelled_fiber_hears_of_it_where_it_waits() {
    let trace = Trace::default();
    let seen = trace.clone();
    let ended = EventLoop::with_virtual_clock().run(async move {
        let task = create_task(Fiber::new(move |hub| {
            let waited = hub.wait(sleep(Duration::from_secs(1)));
            seen.borrow_mut().push(format!("{waited:?}"));
            Ok(waited?)
        }));
        yield_now().await?;
        task.cancel();
        (&task).await
    });
    assert!(ended.unwrap_err().is_cancelled());
    assert_eq!(trace.borrow().len(), 1);
    assert!(trace.borrow()[0].starts_with("Err(Cancelled"));
}

#[test]
fn a_panic_in_a_fiber_leaves_the_run_as_that_of_any_task_does() {
    let run = || asyncio::run(Fiber::<asyncio::Result<()>>::new(|_| panic!("spilled")));
    let payload = catch_unwind(run).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"spilled"));
}

#[test]
fn fibers_sleep_at_the_same_time() {
    let event_loop = EventLoop::with_virtual_clock();
    let sleepers = async {
        gather([3, 1, 2].map(|seconds| {
            Fiber::new(move |hub| Ok(hub.wait(sleep(Duration::from_secs(seconds)))?))
        }))
        .await
    };
    event_loop.run(sleepers).unwrap();
    assert_eq!(event_loop.time(), Duration::from_secs(3));
}

/// Two fibers that pass a number to and fro, and note it: whoever drives them, only one order is possible.
fn players(trace: &Trace) -> [Fiber<()>; 2] {
    let (to_second, from_first) = mpsc::channel(0);
    let (to_first, from_second) = mpsc::channel(0);
    let player = |name, mut to: Sender<u32>, mut from: Receiver<u32>, serves: bool| {
        let trace = trace.clone();
        Fiber::new(move |hub| {
            if serves {
                hub.wait(to.send(1)).unwrap();
            }
            while let Some(number) = hub.wait(from.next()) {
                trace.borrow_mut().push(format!("{name} {number}"));
                // The other one leaves after its fourth.
                if number == 4 || hub.wait(to.send(number + 1)).is_err() {
                    return;
                }
            }
        })
    };
    [
        player("first", to_second, from_second, true),
        player("second", to_first, from_first, false),
    ]
}

#[test]
fn fibers_run_on_every_runtime_that_takes_tasks_of_one_thread() {
    let played = ["second 1", "first 2", "second 3", "first 4"];

    let trace = Trace::default();
    let ours = players(&trace).map(|player| player.map(Ok));
    asyncio::run(async { gather(ours).await }).unwrap();
    assert_eq!(*trace.borrow(), played);

    let trace = Trace::default();
    let runtime = Builder::new_current_thread().build().unwrap();
    let local = LocalSet::new();
    let on_tokio = players(&trace).map(|player| local.spawn_local(player));
    for ended in local.block_on(&runtime, join_all(on_tokio)) {
        ended.unwrap();
    }
    assert_eq!(*trace.borrow(), played);

    let trace = Trace::default();
    let local = smol::LocalExecutor::new();
    let on_smol = players(&trace).map(|player| local.spawn(player));
    smol::block_on(local.run(join_all(on_smol)));
    assert_eq!(*trace.borrow(), played);
}

#[cfg(target_os = "linux")]
fn suspended() -> Coroutine<(), (), ()> {
    let mut coroutine = Coroutine::new(|yielder: &Yielder<(), ()>, ()| yielder.suspend(()));
    coroutine.resume(());
    coroutine
}

/// Gives the sizes of the stretches of address space that this process has.
#[cfg(target_os = "linux")]
fn mappings() -> Vec<usize> {
    let text = std::fs::read_to_string("/proc/self/maps").unwrap();
    let size = |line: &str| {
        let (from, to) = line.split_once(' ')?.0.split_once('-')?;
        let address = |hexadecimal| usize::from_str_radix(hexadecimal, 16).ok();
        Some(address(to)? - address(from)?)
    };
    text.lines().map(|line| size(line).unwrap()).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_stack_takes_two_of_the_system_s_mappings_and_a_mebibyte_of_addresses() {
    let stacks = |mappings: &[usize]| mappings.iter().filter(|&&size| size == 1 << 20).count();
    let before = mappings();
    let coroutines: Vec<_> = (0..100).map(|_| suspended()).collect();
    let after = mappings();
    drop(coroutines);
    // Other tests run at the same time; their threads take some, too.
    let taken = after.len() - before.len();
    assert!((180..=260).contains(&taken), "{taken} mappings");
    assert!(stacks(&after) - stacks(&before) >= 95);
}

/// The variable that makes a second process of this test take all stacks that it can get.
#[cfg(target_os = "linux")]
const ALL_STACKS: &str = "GREENLETS_ALL_STACKS";

#[cfg(target_os = "linux")]
#[test]
fn the_number_of_stacks_is_limited_by_the_system_s_mappings() {
    use corosensei::stack::DefaultStack;

    if env::var_os(ALL_STACKS).is_some() {
        let stack = |_| DefaultStack::new(1 << 20).ok();
        let stacks: Vec<_> = (0..100_000).map_while(stack).collect();
        let count = stacks.len();
        drop(stacks);
        eprintln!("{count} stacks");
        return;
    }
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    if limit > 70_000 {
        eprintln!("skipped: this system allows {limit} mappings");
        return;
    }
    let name = "the_number_of_stacks_is_limited_by_the_system_s_mappings";
    let child = second_process(name, ALL_STACKS);
    let said = String::from_utf8_lossy(&child.stderr);
    let count = said.lines().find_map(|line| line.strip_suffix(" stacks"));
    let count: usize = count.expect(&said).parse().unwrap();
    assert!((limit / 2 - 1_000..=limit / 2).contains(&count), "{count}");
}

/// Runs one test of this file in a process of its own, with a variable that tells it so.
fn second_process(test: &str, variable: &str) -> Output {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(variable, "1")
        .output()
        .unwrap()
}

fn recurse(depth: u64) -> u64 {
    let page = hint::black_box([depth; 512]);
    match depth {
        u64::MAX => 0,
        depth => recurse(depth + 1) + hint::black_box(page)[7],
    }
}

/// The variable that makes a second process of this test overflow a stack.
const OVERFLOW: &str = "GREENLETS_OVERFLOW";

#[test]
fn a_stack_that_overflows_ends_the_process() {
    if env::var_os(OVERFLOW).is_some() {
        let mut coroutine = Coroutine::new(|_: &Yielder<(), ()>, ()| recurse(0));
        coroutine.resume(());
        return;
    }
    let child = second_process("a_stack_that_overflows_ends_the_process", OVERFLOW);
    assert!(!child.status.success());
    #[cfg(unix)]
    assert_eq!(child.status.code(), None, "a signal should have ended it");
}

#[test]
fn clippy_finds_a_call_that_the_project_does_not_allow() {
    let driver = format!("clippy-driver{}", env::consts::EXE_SUFFIX);
    let driver = Path::new(env!("CARGO")).with_file_name(driver);
    if !driver.is_file() {
        assert!(env::var_os("WORKBOOK_REQUIRE_ALL").is_none(), "no clippy");
        eprintln!(
            "skipped: there is no {}: rustup component add clippy",
            driver.display()
        );
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/tests/clippy");
    let output = Command::new(driver)
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata"])
        .args(["--out-dir", env!("CARGO_TARGET_TMPDIR")])
        .arg(folder.join("library.rs"))
        .env("CLIPPY_CONF_DIR", &folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let warnings: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with("warning: "))
        .collect();
    let expected = [
        "warning: use of a disallowed method `std::thread::sleep`",
        "warning: 1 warning emitted",
    ];
    assert_eq!(warnings, expected);
    assert!(said.contains("library.rs:7:5"), "{said}");
}
