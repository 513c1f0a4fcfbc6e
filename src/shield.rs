//! Protection from the awaiter's cancellation.

use std::panic::Location;

use crate::awaitable::Awaitable;
use crate::event_loop::{expect_running_loop, on_behalf_of};
use crate::promise::Promise;

/// Gives a promise with the awaitable's outcome whose cancellation does not reach the awaitable.
///
/// A promise that is done is given back as it is. Once the outer promise is cancelled, a later failure inside is reported like
/// any other that nobody looks at.
///
/// # Panics
/// Outside a running loop.
///
/// asyncio: `asyncio.shield(aw)`.
#[track_caller]
pub fn shield<A: Awaitable>(awaitable: A) -> Promise<A::Value>
where
    A::Value: Clone,
{
    let _behalf = on_behalf_of(Location::caller());
    let event_loop = expect_running_loop();
    let inner = awaitable.ensure_promise(&event_loop);
    if inner.is_done() {
        return inner;
    }
    let outer = event_loop.create_promise_for("shield", Location::caller());
    let pass_on = outer.clone();
    let callback = inner.add_done_callback(move |inner| {
        if pass_on.is_cancelled() {
            let _ = inner.exception();
        } else if inner.is_cancelled() {
            pass_on.cancel();
        } else {
            // The outer promise can only be settled here, or cancelled.
            let _ = match inner.result() {
                Ok(value) => pass_on.set_result(value),
                Err(error) => pass_on.set_exception(error),
            };
        }
    });
    let protected = inner.downgrade();
    outer.add_done_callback(move |_| {
        if let Some(inner) = protected.upgrade() {
            inner.remove_done_callback(callback);
        }
    });
    outer
}
