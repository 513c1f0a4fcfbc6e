use asyncio::{Promise, Result, get_running_loop};

/// Gives a promise of what `function` makes of the first promise's value.
pub fn then<T: Clone + 'static, U: 'static>(
    promise: &Promise<T>,
    function: impl FnOnce(T) -> Result<U> + 'static,
) -> Result<Promise<U>> {
    let next = get_running_loop()?.create_promise();
    let filled = next.clone();
    promise.add_done_callback(move |done| match done.result().and_then(function) {
        Ok(value) => filled.set_result(value),
        Err(error) if error.is_cancelled() => {
            filled.cancel();
            Ok(())
        }
        Err(error) => filled.set_exception(error),
    });
    Ok(next)
}
