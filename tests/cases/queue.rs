//! Queues.

use asyncio::{
    BasicQueue, EventLoop, Fifo, GetError, Lifo, PutError, Queue, QueueShutDown, Result,
    ReturnWhen, Smallest, Storage, Task, TooManyTaskDone, create_task, gather, get_running_loop,
    sleep, wait,
};

use crate::harness::{Trace, s, t, truth, virtual_loop};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

fn now() -> String {
    t(get_running_loop().unwrap().time())
}

/// Says "callback" or the like in the loop's next pass.
fn say_soon(log: &Trace, line: &'static str) {
    let log = log.clone();
    get_running_loop().unwrap().call_soon(move || log.say(line));
}

async fn wait_all<T: 'static>(tasks: &[Task<T>]) -> Result<()> {
    wait(tasks, None, ReturnWhen::AllCompleted)
        .await
        .map(|_| ())
}

fn too_many(error: TooManyTaskDone) -> String {
    format!("ValueError: {error}")
}

#[test]
fn q01_three_orders_of_one_queue() {
    fn drain<S: Storage<u32>>(name: &str, trace: &Trace) {
        let queue = BasicQueue::<u32, S>::new();
        for n in [1, 3, 2] {
            queue.put_nowait(n).unwrap();
        }
        let drained: Vec<_> = (0..3).map(|_| queue.get_nowait().unwrap()).collect();
        trace.say(format!("{name} {drained:?}"));
    }
    let trace = Trace::new();
    drain::<Fifo<u32>>("Queue", &trace);
    drain::<Lifo<u32>>("LifoQueue", &trace);
    drain::<Smallest<u32>>("PriorityQueue", &trace);
    trace.expect("Q01");
}

#[test]
fn q02_without_waiting_a_queue_says_that_it_is_empty_or_full() {
    let trace = Trace::new();
    let queue = Queue::bounded(1);
    if let Err(GetError::Empty) = queue.get_nowait() {
        trace.say("QueueEmpty");
    }
    queue.put_nowait(1).unwrap();
    if let Err(PutError::Full(2)) = queue.put_nowait(2) {
        trace.say(format!(
            "QueueFull {} {}",
            truth(queue.is_full()),
            queue.qsize()
        ));
    }
    for maxsize in [0, 2] {
        let queue = Queue::bounded(maxsize);
        for n in 0..2 {
            queue.put_nowait(n).unwrap();
        }
        trace.say(format!(
            "{maxsize} {} {} {}",
            truth(queue.is_full()),
            truth(queue.is_empty()),
            queue.maxsize()
        ));
    }
    trace.expect_instead(
        "Q02",
        "a negative size cannot be written",
        &[
            "QueueEmpty",
            "QueueFull True 1",
            "0 False False 0",
            "2 True False 2",
        ],
    );
}

#[test]
fn q03_a_queue_of_one_makes_producer_and_consumer_take_turns() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let queue = Queue::bounded(1);
        let (sender, sent) = (queue.clone(), log.clone());
        let producer = create_task(async move {
            for n in 1..=3 {
                sender.put(n).await?;
                sent.say(format!("put {n}"));
            }
            Ok(())
        });
        let consumer = create_task(async move {
            for _ in 0..3 {
                log.say(format!("got {}", queue.get().await?));
            }
            Ok(())
        });
        gather([producer, consumer]).await
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("Q03");
}

/// Makes a task that gets one item and says so.
fn getter(name: &'static str, queue: &Queue<u32>, log: &Trace) -> Task<()> {
    let (queue, log) = (queue.clone(), log.clone());
    create_task(async move {
        match queue.get().await {
            Ok(item) => log.say(format!("{name} {item}")),
            Err(cancelled) => {
                log.say(format!("{name} cancelled"));
                return Err(cancelled);
            }
        }
        Ok(())
    })
}

#[test]
fn q04_getters_are_served_in_the_order_in_which_they_came() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let queue = Queue::new();
        let getters = ["A", "B", "C"].map(|name| getter(name, &queue, &log));
        sleep(s(0.0)).await?;
        for n in 1..=3 {
            queue.put_nowait(n)?;
        }
        wait_all(&getters).await
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("Q04");
}

#[test]
fn q06_a_woken_getter_does_not_own_its_item_yet() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let queue = Queue::new();
        let getters = ["A", "B"].map(|name| getter(name, &queue, &log));
        sleep(s(0.0)).await?;
        queue.put_nowait(1)?;
        log.say(format!("stolen {}", queue.get_nowait()?));
        sleep(s(0.0)).await?;
        queue.put_nowait(2)?;
        queue.put_nowait(3)?;
        wait_all(&getters).await
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("Q06");
}

#[test]
fn q07_a_getter_cancelled_after_its_wake_up_hands_its_turn_on() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let queue = Queue::new();
        let getters = ["A", "B"].map(|name| getter(name, &queue, &log));
        sleep(s(0.0)).await?;
        queue.put_nowait(1)?;
        getters[0].cancel();
        wait_all(&getters).await?;
        log.say(format!("left {}", queue.qsize()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("Q07");
}

#[test]
fn q08_a_cancelled_putter_inserts_nothing() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let queue = Queue::bounded(1);
        let putter = |item: &'static str| create_task(queue.put(item));
        let getter = create_task(queue.get());
        sleep(s(0.0)).await?;
        getter.cancel();
        wait_all(&[getter]).await?;

        queue.put_nowait("a")?;
        let lost = putter("lost?");
        let kept = putter("b");
        sleep(s(0.0)).await?;
        lost.cancel();
        wait_all(&[lost]).await?;
        log.say(format!(
            "{} {} {} {}",
            queue.get().await?,
            queue.get().await?,
            queue.qsize(),
            truth(kept.is_done())
        ));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("Q08");
}

#[test]
fn q10_join_ends_with_the_last_report_and_no_report_may_follow() {
    async fn work(name: &'static str, seconds: f64, queue: Queue<u32>, log: Trace) -> Result<()> {
        let item = queue.get().await?;
        sleep(s(seconds)).await?;
        log.say(format!("{name} done {item}"));
        Ok(queue.task_done()?)
    }
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let queue = Queue::new();
        log.say(too_many(queue.task_done().unwrap_err()));
        say_soon(&log, "cb");
        queue.join().await?;
        log.say("join returned at once");
        sleep(s(0.0)).await?;
        queue.put_nowait(1)?;
        queue.put_nowait(2)?;
        create_task(work("w1", 0.2, queue.clone(), log.clone()));
        create_task(work("w2", 0.1, queue.clone(), log.clone()));
        queue.join().await?;
        log.say(format!("joined {}", now()));
        log.say(too_many(queue.task_done().unwrap_err()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("Q10");
}

#[test]
fn q11_taking_an_item_does_not_report_it_as_done() {
    fn join(queue: &Queue<u32>) -> Task<()> {
        let queue = queue.clone();
        create_task(async move { Ok(queue.join().await?) })
    }
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let queue = Queue::new();
        queue.put_nowait(1)?;
        queue.get_nowait()?;
        let joined = join(&queue);
        sleep(s(1.0)).await?;
        log.say(format!(
            "joined {} empty {}",
            truth(joined.is_done()),
            truth(queue.is_empty())
        ));
        queue.task_done()?;
        joined.await?;
        log.say(format!("joined {}", now()));

        queue.put_nowait(2)?;
        let joined = join(&queue);
        sleep(s(1.0)).await?;
        log.say(format!("joined again {}", truth(joined.is_done())));
        joined.cancel();
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("Q11");
}

#[test]
fn q12_put_and_get_do_not_suspend_when_they_need_not_wait() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let queue = Queue::new();
        say_soon(&log, "callback");
        for n in 0..3 {
            queue.put(n).await?;
            log.say(format!("put {n} got {}", queue.get().await?));
        }
        Ok(sleep(s(0.0)).await?)
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("Q12");
}

#[test]
fn q14_a_queue_that_is_shut_down_gives_what_it_has_and_takes_nothing() {
    let trace = shut_down(false);
    trace.expect("Q14");
}

#[test]
fn q15_a_queue_that_is_shut_down_at_once_gives_nothing_either() {
    let trace = shut_down(true);
    trace.expect("Q15");
}

fn shut_down(immediate: bool) -> Trace {
    fn say(trace: &Trace, name: &str, result: Result<&'static str>) {
        match result {
            Ok(value) => trace.say(format!("{name} {value}")),
            Err(error) if error.is::<QueueShutDown>() => trace.say(format!("{name} QueueShutDown")),
            Err(error) => panic!("{name} {error}"),
        }
    }
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let (full, empty) = (Queue::bounded(1), Queue::new());
        full.put_nowait("item")?;
        let attempt = |name, queue: &Queue<&'static str>| {
            let (queue, log) = (queue.clone(), log.clone());
            create_task(async move {
                let result = match name {
                    "put" => queue.put("late").await.map(|()| "None"),
                    "join" => queue.join().await.map(|()| "None").map_err(Into::into),
                    _ => queue.get().await,
                };
                say(&log, name, result);
                Ok(())
            })
        };
        let tasks = [
            attempt("put", &full),
            attempt("join", &full),
            attempt("get of the empty one", &empty),
        ];
        sleep(s(0.0)).await?;
        for queue in [&full, &empty] {
            queue.shutdown(immediate);
        }
        sleep(s(0.1)).await?;
        log.say(format!("join done {}", truth(tasks[1].is_done())));
        let put = full.put("later").await;
        say(&log, "put again", put.map(|()| "None"));
        if let Err(PutError::ShutDown("later")) = full.put_nowait("later") {
            log.say("put_nowait QueueShutDown");
        }
        say(&log, "get", full.get().await);
        say(&log, "get again", full.get().await);
        if let Err(GetError::ShutDown) = full.get_nowait() {
            log.say("get_nowait QueueShutDown");
        }
        let done = full
            .task_done()
            .map_or_else(too_many, |()| "None".to_owned());
        log.say(format!("task_done {done}"));
        wait_all(&tasks).await
    };
    event_loop.run_until_complete(main).unwrap();
    trace
}
