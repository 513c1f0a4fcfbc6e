use std::task::{Context, Poll, Waker};
use std::{cell::Cell, future::poll_fn, mem, pin::Pin, rc::Rc};

/// A value between two trees.
pub struct Tree<T> {
    pub left: Option<Box<Tree<T>>>,
    pub value: T,
    pub right: Option<Box<Tree<T>>>,
}

/// Gives what is in the tree, in order, to the owner of the generator.
async fn visit<T: Clone>(tree: Option<&Tree<T>>, out: &Out<T>) {
    if let Some(tree) = tree {
        Box::pin(visit(tree.left.as_deref(), out)).await;
        out.give(tree.value.clone()).await;
        Box::pin(visit(tree.right.as_deref(), out)).await;
    }
}

/// Walks a tree in order, step by step.
pub fn walk<T: Clone + 'static>(tree: Tree<T>) -> impl Iterator<Item = T> {
    Generator::new(async move |out| visit(Some(&tree), &out).await)
}

/// Where a generator puts its values, one at a time.
struct Out<T>(Cell<Option<T>>);

impl<T> Out<T> {
    /// Gives a value and waits to be resumed: Python's `yield`.
    async fn give(&self, value: T) {
        self.0.set(Some(value));
        let mut resumed = false;
        poll_fn(|_| match mem::replace(&mut resumed, true) {
            false => Poll::Pending,
            true => Poll::Ready(()),
        })
        .await
    }
}

/// An iterator that is made of an `async` function.
struct Generator<T> {
    out: Rc<Out<T>>,
    body: Option<Pin<Box<dyn Future<Output = ()>>>>,
}

impl<T> Generator<T> {
    fn new<F: Future<Output = ()> + 'static>(function: impl FnOnce(Rc<Out<T>>) -> F) -> Self {
        let out = Rc::new(Out(Cell::new(None)));
        let body = Some(Box::pin(function(out.clone())) as Pin<Box<_>>);
        Generator { out, body }
    }
}

impl<T> Iterator for Generator<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let mut cx = Context::from_waker(Waker::noop());
        if self.body.as_mut()?.as_mut().poll(&mut cx).is_ready() {
            self.body = None;
        }
        self.out.0.take()
    }
}
