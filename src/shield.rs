//! Protection from the awaiter's cancellation.

use std::panic::Location;

use crate::event_loop::{Core, expect_running_loop};
use crate::promise::Promise;
use crate::task::Awaitable;

/// Gives a promise with the awaitable's outcome whose cancellation does not reach the awaitable.
///
/// A promise that is done is given back as it is. Once the outer promise is cancelled, a later failure inside goes to the
/// exception handler.
///
/// # Panics
/// Outside a running loop.
///
/// asyncio: `asyncio.shield(aw)`.
#[track_caller]
pub fn shield<A: Awaitable<Value: Clone>>(awaitable: A) -> Promise<A::Value> {
    let event_loop = expect_running_loop();
    let inner = awaitable.ensure_promise(&event_loop);
    if inner.is_done() {
        return inner;
    }
    let outer = Promise::labelled(&event_loop.core, "shield", Some(Location::caller()));
    let follower = outer.clone();
    let follow = inner.add_done_callback(move |inner| {
        if inner.is_cancelled() {
            follower.cancel();
        } else if !follower.is_cancelled() {
            // Else nobody awaits it any more, and the outer promise's own callback sees to the error.
            follower.follow(inner.result());
        }
    });
    let protected = inner.downgrade();
    outer.add_done_callback(move |_| {
        let Some(inner) = protected.upgrade().map(Promise::of) else { return };
        // A promise that is done has no such callback any more.
        if inner.remove_done_callback(follow) {
            inner.add_done_callback(|inner| {
                if let Ok(Some(error)) = inner.exception() {
                    let message = "Exception in shielded promise";
                    Core::with_running(|core| core.report(message, Some(error)));
                }
            });
        }
    });
    outer
}
