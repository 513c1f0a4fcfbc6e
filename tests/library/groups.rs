//! Many as one: gathers and task groups.

use asyncio::{
    ErrorGroup, EventLoop, GroupClosed, Promise, Result, create_task, current_task, gather,
    get_running_loop, sleep, task_group, yield_now,
};

use crate::{Trace, boom, seconds};

fn promises<const COUNT: usize>() -> Result<[Promise<u32>; COUNT]> {
    let event_loop = get_running_loop()?;
    Ok([(); COUNT].map(|()| event_loop.create_promise()))
}

#[test]
fn a_gather_is_done_in_the_pass_after_its_last_child_and_not_before() {
    let main = async {
        let children: [Promise<u32>; 3] = promises()?;
        let all = gather(&children);
        let mut done = Vec::new();
        for (value, child) in (0..).zip(&children) {
            child.set_result(value)?;
            done.push(all.is_done());
            yield_now().await?;
            done.push(all.is_done());
            yield_now().await?;
            done.push(all.is_done());
        }
        assert_eq!(
            done,
            [
                [false, false, false],
                [false, false, false],
                [false, true, true]
            ]
            .concat()
        );
        assert_eq!(all.result()?, [0, 1, 2]);
        // What is done before makes no callback.
        assert_eq!(gather(&children).result()?, [0, 1, 2]);
        Ok(())
    };
    EventLoop::with_virtual_clock().run(main).unwrap();
}

#[test]
fn a_gather_of_one_that_is_done_waits_for_the_others() {
    let main = async {
        let [done, other]: [Promise<u32>; 2] = promises()?;
        done.set_result(1)?;
        let all = gather([&done, &other, &done]);
        for _ in 0..3 {
            yield_now().await?;
            assert!(!all.is_done());
        }
        other.set_result(2)?;
        assert_eq!(all.await?, [1, 2, 1]);
        Ok(())
    };
    EventLoop::with_virtual_clock().run(main).unwrap();
}

/// Runs a program to its end, and gives what it has said, each line with the second in which it was said.
fn said<F: Future<Output = Result<()>> + 'static>(main: impl FnOnce(Said) -> F) -> Vec<String> {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let said = Said(trace.clone());
    event_loop.run(main(said)).unwrap();
    trace.take()
}

#[derive(Clone)]
struct Said(Trace);

impl Said {
    fn say(&self, line: impl std::fmt::Display) {
        let now = get_running_loop().unwrap().time().as_secs();
        self.0.say(format!("{now} s: {line}"));
    }
}

/// Sleeps until it is cancelled, then cleans up for so many seconds.
async fn cleans_up(said: Said, name: &'static str, time: u64) -> Result<()> {
    let slept = sleep(seconds(100)).await;
    said.say(format!("{name} is cancelled"));
    match sleep(seconds(time)).await {
        Ok(()) => said.say(format!("{name} has cleaned up")),
        Err(_) => said.say(format!("the clean-up of {name} is cancelled")),
    }
    Ok(slept?)
}

/// Fails when it is cancelled, a second later.
async fn fails_in_its_clean_up() -> Result<()> {
    let _ = sleep(seconds(100)).await;
    sleep(seconds(1)).await?;
    Err(boom())
}

#[test]
fn a_child_may_add_to_the_group_while_the_block_waits_for_it() {
    let lines = said(|said| async move {
        let log = said.clone();
        task_group(async |group| {
            let (inner, log) = (group.clone(), log.clone());
            group.create_task(async move {
                sleep(seconds(1)).await?;
                inner.create_task(async move {
                    sleep(seconds(1)).await?;
                    log.say("the grandchild ends");
                    Ok(())
                })?;
                Ok(())
            })?;
            Ok(())
        })
        .await?;
        said.say("the block ends");
        Ok(())
    });
    assert_eq!(lines, ["2 s: the grandchild ends", "2 s: the block ends"]);
}

#[test]
fn a_group_that_shuts_down_takes_no_task_although_others_still_run() {
    let lines = said(|said| async move {
        let log = said.clone();
        let group = task_group(async |group| -> Result<()> {
            let late = group.clone();
            group.create_task(async move {
                let slept = sleep(seconds(100)).await;
                let refused = late.create_task(async { Ok(()) }).unwrap_err();
                assert_eq!(refused, GroupClosed::ShuttingDown);
                log.say(refused);
                Ok(slept?)
            })?;
            yield_now().await?;
            Err(boom())
        });
        said.say(group.await.unwrap_err());
        Ok(())
    });
    assert_eq!(
        lines,
        [
            "0 s: task group is shutting down",
            "0 s: unhandled errors in a task group (1 sub-error: boom)"
        ]
    );
}

#[test]
fn a_group_that_shuts_down_cancels_nobody_again_when_a_clean_up_fails() {
    let lines = said(|said| async move {
        let log = said.clone();
        let group = task_group(async |group| -> Result<()> {
            group.create_task(cleans_up(log, "slow", 3))?;
            group.create_task(fails_in_its_clean_up())?;
            sleep(seconds(1)).await?;
            Err(boom())
        });
        said.say(group.await.unwrap_err());
        let me = current_task().expect("this is one");
        assert_eq!(me.cancelling(), 0);
        yield_now().await?;
        said.say("not cancelled");
        Ok(())
    });
    assert_eq!(
        lines,
        [
            "1 s: slow is cancelled",
            "4 s: slow has cleaned up",
            "4 s: unhandled errors in a task group (2 sub-errors: boom, boom)",
            "4 s: not cancelled"
        ]
    );
}

#[test]
fn a_group_that_shuts_down_cancels_nobody_again_when_it_is_cancelled_itself() {
    let lines = said(|said| async move {
        let log = said.clone();
        let task = create_task(async move {
            let child = log.clone();
            let group = task_group(async |group| -> Result<()> {
                group.create_task(cleans_up(child, "slow", 3))?;
                sleep(seconds(1)).await?;
                Err(boom())
            });
            let error = group.await.unwrap_err();
            assert!(error.is::<ErrorGroup>());
            log.say(error);
            // The cancellation was kept for the next await.
            log.say(yield_now().await.unwrap_err());
            Ok(())
        });
        sleep(seconds(2)).await?;
        task.cancel();
        task.await
    });
    assert_eq!(
        lines,
        [
            "1 s: slow is cancelled",
            "4 s: slow has cleaned up",
            "4 s: unhandled errors in a task group (1 sub-error: boom)",
            "4 s: cancelled"
        ]
    );
}

#[test]
fn the_error_of_a_group_arrives_when_its_body_waits_for_a_foreign_future() {
    let lines = said(|said| async move {
        let group = task_group(async |group| -> Result<()> {
            group.create_task(async {
                sleep(seconds(1)).await?;
                Err::<(), _>(boom())
            })?;
            std::future::pending().await
        });
        said.say(group.await.unwrap_err());
        sleep(seconds(1)).await?;
        said.say("goes on");
        Ok(())
    });
    assert_eq!(
        lines,
        [
            "1 s: unhandled errors in a task group (1 sub-error: boom)",
            "2 s: goes on"
        ]
    );
}

#[test]
fn a_body_that_its_group_has_cancelled_cancels_nobody_again() {
    let lines = said(|said| async move {
        let log = said.clone();
        let group = task_group(async |group| {
            group.create_task(cleans_up(log.clone(), "slow", 3))?;
            group.create_task(async {
                sleep(seconds(1)).await?;
                Err::<(), _>(boom())
            })?;
            let slept = sleep(seconds(100)).await;
            log.say("the body is cancelled");
            Ok(slept?)
        });
        said.say(group.await.unwrap_err());
        Ok(())
    });
    assert_eq!(
        lines,
        [
            "1 s: slow is cancelled",
            "1 s: the body is cancelled",
            "4 s: slow has cleaned up",
            "4 s: unhandled errors in a task group (1 sub-error: boom)"
        ]
    );
}

#[test]
fn a_cancelled_body_takes_the_tasks_of_its_group_along() {
    let lines = said(|said| async move {
        let log = said.clone();
        let task = create_task(async move {
            task_group(async |group| {
                group.create_task(cleans_up(log.clone(), "child", 0))?;
                Ok(sleep(seconds(50)).await?)
            })
            .await
        });
        sleep(seconds(1)).await?;
        task.cancel();
        said.say(task.await.unwrap_err());
        Ok(())
    });
    assert_eq!(
        lines,
        [
            "1 s: child is cancelled",
            "1 s: child has cleaned up",
            "1 s: cancelled"
        ]
    );
}
