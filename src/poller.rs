//! Waiting for the operating system.
//!
//! This is where an idle loop spends its time: asleep in `epoll`, `kqueue` or IOCP, at no cost, until a socket is ready,
//! a deadline comes, or another thread rings the alarm.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use mio::event::{Event, Source};
use mio::{Events, Interest, Poll, Token};

use crate::net::Sides;
use crate::remote::Remote;

/// The token of the alarm that other threads ring; sources count from zero.
const ALARM: Token = Token(usize::MAX);

#[derive(Default)]
pub(crate) struct Poller {
    /// Made when it is first needed: a loop on a virtual clock mostly never asks the operating system for anything.
    opened: RefCell<Option<(Poll, Events)>>,
    sources: RefCell<BTreeMap<Token, Sides>>,
    next_token: Cell<usize>,
}

impl Poller {
    fn open(&self, remote: &Remote) -> io::Result<RefMut<'_, (Poll, Events)>> {
        let mut opened = self.opened.borrow_mut();
        if opened.is_none() {
            let poll = Poll::new()?;
            let _ = remote.alarm.set(mio::Waker::new(poll.registry(), ALARM)?);
            *opened = Some((poll, Events::with_capacity(1024)));
        }
        Ok(RefMut::map(opened, |opened| opened.as_mut().expect("opened above")))
    }

    pub(crate) fn has_sources(&self) -> bool {
        !self.sources.borrow().is_empty()
    }

    /// Begins to watch a source for both directions; each of its sides hears of every change to ready.
    pub(crate) fn register(&self, remote: &Remote, source: &mut impl Source, sides: Sides) -> io::Result<Token> {
        let token = Token(self.next_token.get());
        let (poll, _) = &*self.open(remote)?;
        poll.registry().register(source, token, Interest::READABLE | Interest::WRITABLE)?;
        self.next_token.set(token.0 + 1);
        self.sources.borrow_mut().insert(token, sides);
        Ok(token)
    }

    /// Ends the watch; what the operating system still reports of the source is ignored.
    pub(crate) fn deregister(&self, source: &mut impl Source, token: Token) {
        self.sources.borrow_mut().remove(&token);
        if let Some((poll, _)) = &*self.opened.borrow() {
            // Closing the source, which follows, ends the watch as well.
            let _ = poll.registry().deregister(source);
        }
    }

    /// Ends every watch, oldest first: no news will come, and the callbacks that wait for some can go.
    pub(crate) fn close(&self) {
        for side in self.sources.take().into_values().flatten() {
            side.set_watcher(None);
        }
    }

    /// Sleeps until something happens, or until `timeout` is over, and tells the sides of the sources.
    ///
    /// # Panics
    /// If the operating system refuses a poller, for want of file descriptors, say.
    pub(crate) fn wait(&self, remote: &Remote, timeout: Option<Duration>) {
        for event in self.poll(remote, timeout) {
            let sides = self.sources.borrow().get(&event.token()).cloned();
            let Some([reading, writing]) = sides else { continue };
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                reading.set_ready();
            }
            if event.is_writable() || event.is_write_closed() || event.is_error() {
                writing.set_ready();
            }
        }
    }

    fn poll(&self, remote: &Remote, timeout: Option<Duration>) -> Vec<Event> {
        let mut opened = self.open(remote).unwrap_or_else(|e| panic!("cannot open the operating system's poller: {e}"));
        let (poll, events) = &mut *opened;
        let timeout = if remote.fall_asleep() { timeout } else { Some(Duration::ZERO) };
        let polled = poll.poll(events, timeout);
        remote.wake_up();
        match polled {
            Ok(()) => events.iter().cloned().collect(),
            // A signal woke the thread; the loop looks around and sleeps again.
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Vec::new(),
            Err(e) => panic!("the operating system's poller failed: {e}"),
        }
    }
}
