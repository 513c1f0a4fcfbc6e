//! What the operating system calls ready, remembered and passed on.
//!
//! asyncio's selector is level-triggered: as long as a socket has data, every pass says so. The operating system's fast interface,
//! which `mio` uses everywhere, is edge-triggered: it tells of a change once. A [`Watched`] turns one into the other. It takes a
//! source to be ready from the moment the system says so until an operation says that it would block.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::{Rc, Weak};

use mio::{Token, event::Source};

use crate::callback::{About, Callback, CallbackOutput, Stage, once};
use crate::error::{Cancelled, Error, Result};
use crate::event_loop::{Core, EventLoop};
use crate::handle::Handle;
use crate::on_drop::OnDrop;
use crate::sleep::yield_now;
use crate::waiters::Waiters;

/// What an operation on a source does: read or write. To accept is to read, and to connect is to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Reading, and accepting.
    Read,
    /// Writing, and connecting.
    Write,
}

/// One direction of a source.
#[derive(Default)]
pub(crate) struct Side {
    core: Weak<Core>,
    /// True from the system's word until an operation would block.
    ready: Cell<bool>,
    /// Tasks that wait for `ready`. All are woken, in order: that a source is ready is a fact, not a turn, so one that goes away
    /// has nothing to hand on.
    waiters: Waiters,
    watcher: RefCell<Option<Rc<Watcher>>>,
    /// Holds the watcher back, and keeps it.
    muted: Cell<bool>,
}

/// Both directions of a source, in the order of [`Direction`].
pub(crate) type Sides = [Rc<Side>; 2];

impl Side {
    /// Hears that the operating system calls this direction ready.
    pub(crate) fn set_ready(&self) {
        self.ready.set(true);
        self.waiters.wake_all();
        self.schedule();
    }

    fn watch<R: CallbackOutput>(
        self: &Rc<Self>,
        name: &'static str,
        mut callback: impl FnMut() -> R + 'static,
    ) -> Handle {
        let callback: Repeated = Rc::new(RefCell::new(move || callback().into_error()));
        let callback = RefCell::new(Some(callback));
        let watcher = Rc::new(Watcher { side: self.clone(), callback, about: About::of(name) });
        self.set_watcher(Some(watcher.clone()));
        Handle { callback: watcher, core: self.core.clone() }
    }

    /// Sets a watcher in the place of the one that was there before. A loop that closes, and a source that is dropped, take it
    /// away.
    pub(crate) fn set_watcher(&self, watcher: Option<Rc<Watcher>>) {
        if let Some(replaced) = self.watcher.replace(watcher) {
            Handle { callback: replaced, core: self.core.clone() }.cancel();
        }
        self.schedule();
    }

    /// Puts the watcher into the ready queue if there is something for it to do.
    fn schedule(&self) {
        let watcher = self.watcher.borrow().clone();
        if let (Some(watcher), Some(core)) = (watcher, self.core.upgrade())
            && self.ready.get()
            && !self.muted.get()
            && !watcher.about.cancelled.get()
            && watcher.about.stage.get() == Stage::Idle
        {
            core.push_callback(watcher, None);
        }
    }
}

/// A callback that runs once per pass while its source is ready.
pub(crate) struct Watcher {
    side: Rc<Side>,
    /// `None` after `cancel`.
    callback: RefCell<Option<Repeated>>,
    about: About,
}

type Repeated = Rc<RefCell<dyn FnMut() -> Option<Error>>>;

impl Callback for Watcher {
    fn about(&self) -> &About {
        &self.about
    }

    fn call(self: Rc<Self>) -> Option<Error> {
        // Meanwhile somebody else may have read everything, or have asked for a pause.
        if !self.side.ready.get() || self.side.muted.get() {
            return None;
        }
        // It is called outside of its place, for it may cancel itself.
        let callback = self.callback.borrow().clone()?;
        let _next_turn = OnDrop(|| self.side.schedule());
        callback.borrow_mut()()
    }

    fn clear(&self) {
        drop(self.callback.take());
    }
}

/// A source of events that the loop watches: anything that `mio` can register, a socket or a pipe, say.
///
/// asyncio has no such object: it names a source by its file descriptor, and looks it up in the selector.
/// Dropping it ends the watch, takes its callbacks away, and closes the source.
///
/// ```
/// use asyncio::{Direction, get_running_loop};
///
/// asyncio::run(async {
///     let listener = mio::net::TcpListener::bind("127.0.0.1:0".parse()?)?;
///     let address = listener.local_addr()?;
///     let listener = get_running_loop()?.watch(listener)?;
///     let _client = std::net::TcpStream::connect(address)?;
///     listener.readable().await?;
///     let (_connection, _peer) = listener.try_io(Direction::Read, |listener| listener.accept())?;
///     Ok(())
/// }).unwrap();
/// ```
pub struct Watched<S: Source> {
    source: S,
    token: Token,
    sides: Sides,
}

impl EventLoop {
    /// Begins to watch a non-blocking source.
    ///
    /// # Errors
    /// If the operating system refuses, or knows the source already.
    ///
    /// # Panics
    /// If the loop is closed.
    ///
    /// asyncio: the first `loop.add_reader` or `loop.add_writer` of a file descriptor.
    pub fn watch<S: Source>(&self, mut source: S) -> io::Result<Watched<S>> {
        self.core.assert_open();
        let side = || Rc::new(Side { core: Rc::downgrade(&self.core), ..Side::default() });
        let sides = [side(), side()];
        let token = self.core.poller.register(&self.core.remote, &mut source, sides.clone())?;
        Ok(Watched { source, token, sides })
    }
}

impl<S: Source> Watched<S> {
    fn side(&self, direction: Direction) -> &Rc<Side> {
        &self.sides[direction as usize]
    }

    /// Borrows the source, to ask for its address, say. Reading and writing go through [`Watched::try_io`].
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Waits until the source can be read without blocking; one that can already lets the others have a turn first.
    ///
    /// Between the wake-up and the read somebody else may read: then the read would block, and one waits again.
    ///
    /// # Errors
    /// If the task is cancelled; nothing was read, and the source stays ready.
    ///
    /// asyncio: what `loop.sock_recv` does with `add_reader` and a future.
    pub async fn readable(&self) -> Result<(), Cancelled> {
        self.ready(Direction::Read).await
    }

    /// Waits until the source can be written without blocking: see [`Watched::readable`].
    ///
    /// asyncio: what `loop.sock_sendall` does with `add_writer` and a future.
    pub async fn writable(&self) -> Result<(), Cancelled> {
        self.ready(Direction::Write).await
    }

    async fn ready(&self, direction: Direction) -> Result<(), Cancelled> {
        let side = self.side(direction);
        if side.ready.get() {
            // A socket that is always ready must not keep its task running for ever.
            return yield_now().await;
        }
        side.waiters.wait("socket", None, |_| {}).await
    }

    /// Tries an operation that does not block; when it says that it would, the source is not ready until the system says so.
    ///
    /// # Errors
    /// The operation's own, `WouldBlock` among them.
    ///
    /// asyncio: a bare `sock.recv(n)`, with `BlockingIOError`.
    pub fn try_io<R>(&self, direction: Direction, operation: impl FnOnce(&S) -> io::Result<R>) -> io::Result<R> {
        // A production loop would take a short read for the end of what is there, and save the call that says so.
        let result = operation(&self.source);
        if matches!(&result, Err(e) if e.kind() == io::ErrorKind::WouldBlock) {
            self.side(direction).ready.set(false);
        }
        result
    }

    /// Repeats an operation until it does not block.
    pub(super) async fn io<R>(
        &self,
        direction: Direction,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> Result<R> {
        loop {
            self.ready(direction).await?;
            match self.try_io(direction, &mut operation) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                result => return Ok(result?),
            }
        }
    }

    /// Runs `callback` in every pass in which the source can be read, until the handle is cancelled.
    ///
    /// It takes the place of the one that was set before. If it leaves something unread, it runs again in the next pass; if
    /// it reads everything, it runs once more unless it saw `WouldBlock`, for only that says that nothing is left.
    /// An error that it returns goes to the exception handler, and it stays set.
    /// It is kept, with all that it captured, until the handle is cancelled, the source is dropped, or the loop is closed.
    ///
    /// asyncio: `loop.add_reader(fd, callback)`; `handle.cancel()` is `loop.remove_reader(fd)`.
    pub fn on_readable<R: CallbackOutput>(&self, callback: impl FnMut() -> R + 'static) -> Handle {
        self.side(Direction::Read).watch("add_reader", callback)
    }

    /// Runs `callback` in every pass in which the source can be written: see [`Watched::on_readable`].
    ///
    /// A source can be written nearly always, so this is for as long as there is something to write.
    ///
    /// asyncio: `loop.add_writer(fd, callback)`; `handle.cancel()` is `loop.remove_writer(fd)`.
    pub fn on_writable<R: CallbackOutput>(&self, callback: impl FnMut() -> R + 'static) -> Handle {
        self.side(Direction::Write).watch("add_writer", callback)
    }

    /// Holds the callback of a direction back, or lets it run again.
    pub(super) fn mute(&self, direction: Direction, muted: bool) {
        let side = self.side(direction);
        side.muted.set(muted);
        side.schedule();
    }

    /// Lets everybody who waits have a look at the source.
    pub(super) fn wake_all(&self) {
        for side in &self.sides {
            side.set_ready();
        }
    }

    /// Schedules a callback on the loop that watches; a closed loop drops it.
    pub(super) fn call_soon(&self, callback: impl FnOnce() + 'static) {
        if let Some(core) = self.sides[0].core.upgrade() {
            core.push_callback(once(callback), None);
        }
    }
}

impl<S: Source> Drop for Watched<S> {
    fn drop(&mut self) {
        for side in &self.sides {
            side.set_watcher(None);
        }
        if let Some(core) = self.sides[0].core.upgrade() {
            core.poller.deregister(&mut self.source, self.token);
        }
    }
}
