use asyncio::{Promise, Result, Task, get_running_loop};

/// Starts a task anew when it has failed, and gives a promise of what comes of it after so many tries.
pub fn restarted<T: Clone + 'static>(
    start: impl Fn() -> Task<T> + 'static,
    tries: u32,
) -> Result<Promise<T>> {
    assert!(tries > 0, "at least one try");
    let outcome = get_running_loop()?.create_promise();
    attempt(start, tries, outcome.clone());
    Ok(outcome)
}

fn attempt<T: Clone + 'static>(
    start: impl Fn() -> Task<T> + 'static,
    tries: u32,
    outcome: Promise<T>,
) {
    start().add_done_callback(move |task| {
        let ended = task.result();
        if outcome.is_done() {
            return Ok(()); // Nobody waits any more.
        }
        match ended {
            Ok(value) => outcome.set_result(value),
            Err(error) if error.is_cancelled() => {
                outcome.cancel();
                Ok(())
            }
            Err(error) if tries == 1 => outcome.set_exception(error),
            Err(_) => {
                attempt(start, tries - 1, outcome);
                Ok(())
            }
        }
    });
}
