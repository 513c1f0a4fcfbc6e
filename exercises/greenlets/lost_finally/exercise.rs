use std::task::{Context, Poll, Waker};
use std::{cell::Cell, future::poll_fn, mem, pin::Pin, rc::Rc};

async fn count(desk: Rc<Desk<u32, u32>>) {
    let mut total = 0;
    while let Some(price) = desk.swap(total).await {
        total += price;
    }
    check::note(format!("closed with {total}"));
}

/// Makes a till, which is sent prices and answers with the total.
pub fn till() -> Generator<u32, u32> {
    Generator::new(count)
}

/// Lies between a generator and its owner: items come in, answers go out. As in the chapter.
pub struct Desk<I, O> {
    item: Cell<Option<I>>,
    answer: Cell<Option<O>>,
}

impl<I, O> Desk<I, O> {
    /// Puts an answer down and waits to be resumed.
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

/// A function that is resumed with items and gives answers. As in the chapter.
pub struct Generator<I, O> {
    desk: Rc<Desk<I, O>>,
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
        let body = Some(Box::pin(function(desk.clone())) as Pin<Box<_>>);
        Generator { desk, body }
    }

    /// Runs to the next `swap` and gives its answer; `None` after the end.
    pub fn send(&mut self, item: Option<I>) -> Option<O> {
        self.desk.item.set(item);
        let mut cx = Context::from_waker(Waker::noop());
        if self.body.as_mut()?.as_mut().poll(&mut cx).is_ready() {
            self.body = None;
        }
        self.desk.answer.take()
    }
}
