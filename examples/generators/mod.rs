//! Generators that can be sent items, made of an `async` block and two cells.

use std::cell::Cell;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

// ANCHOR: desk
/// Lies between a generator and its owner: items come in, answers go out.
pub struct Desk<I, O> {
    item: Cell<Option<I>>,
    answer: Cell<Option<O>>,
}

impl<I, O> Desk<I, O> {
    /// Puts an answer down and waits to be resumed: Python's `item = yield answer`.
    pub async fn swap(&self, answer: O) -> Option<I> {
        self.answer.set(Some(answer));
        let mut resumed = false;
        poll_fn(|_| match mem::replace(&mut resumed, true) {
            false => Poll::Pending,
            true => Poll::Ready(self.item.take()),
        })
        .await
    }
}
// ANCHOR_END: desk

/// A function that is resumed with items and gives answers, without a stack of its own.
pub struct Generator<I, O> {
    desk: Rc<Desk<I, O>>,
    /// `None` after the end.
    body: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl<I, O> Generator<I, O> {
    pub fn new<F: Future<Output = ()> + 'static>(
        function: impl FnOnce(Rc<Desk<I, O>>) -> F,
    ) -> Self {
        let desk = Rc::new(Desk {
            item: Cell::new(None),
            answer: Cell::new(None),
        });
        let body = function(desk.clone());
        Generator {
            desk,
            body: Some(Box::pin(body)),
        }
    }

    // ANCHOR: send
    /// Runs to the next `swap` and gives its answer; `None` after the end.
    ///
    /// What the first `send` brings is lost, because nobody waits for it yet.
    pub fn send(&mut self, item: Option<I>) -> Option<O> {
        self.desk.item.set(item);
        let mut cx = Context::from_waker(Waker::noop());
        if self.body.as_mut()?.as_mut().poll(&mut cx).is_ready() {
            self.body = None;
        }
        self.desk.answer.take()
    }
    // ANCHOR_END: send
}

impl<O> Iterator for Generator<(), O> {
    type Item = O;

    fn next(&mut self) -> Option<O> {
        self.send(None)
    }
}
