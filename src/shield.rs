//! Protection from the awaiter's cancellation.

use std::panic::Location;
use std::rc::Rc;

use crate::event_loop::expect_running_loop;
use crate::promise::Promise;
use crate::task::Awaitable;

/// Gives a promise with the awaitable's outcome whose cancellation does not reach the awaitable.
///
/// A promise that is done is given back as it is. Once the outer promise is cancelled, a later failure inside goes to the exception
/// handler.
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
    let event_loop = expect_running_loop();
    let inner = awaitable.ensure_promise(&event_loop);
    if inner.is_done() {
        return inner;
    }
    let outer = Promise::labelled(&event_loop.core, "shield", Some(Location::caller()));
    let follower = outer.clone();
    let follow = inner.add_done_callback(move |inner| {
        if follower.is_cancelled() {
            // Nobody awaits it any more; the outer promise's own callback sees to an error that comes later.
        } else if inner.is_cancelled() {
            follower.cancel();
        } else {
            follower.follow(inner.result());
        }
    });
    let protected = inner.downgrade();
    let core = Rc::downgrade(&event_loop.core);
    outer.add_done_callback(move |_| {
        let Some(inner) = protected.upgrade().map(Promise::of).filter(|inner| !inner.is_done())
        else {
            return;
        };
        inner.remove_done_callback(follow);
        inner.add_done_callback(move |inner| {
            if let (Ok(Some(error)), Some(core)) = (inner.exception(), core.upgrade()) {
                core.report("Exception in shielded promise", Some(error));
            }
        });
    });
    outer
}
