//! Waiting for the operating system.
//!
//! This is where an idle loop spends its time: asleep in `epoll`, `kqueue` or IOCP, at no cost, until a socket is ready,
//! a deadline comes, or another thread rings the alarm.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token, event::Source};

use crate::remote::Remote;

/// The token of the alarm that other threads ring; sources count from zero.
const ALARM: Token = Token(usize::MAX);

/// Hears of the readiness of one source.
pub(crate) trait EventSink {
    fn on_event(&self, readable: bool, writable: bool);
    /// Hears that the loop is closed: no event will come, and what the sink keeps for one can go.
    fn on_close(&self);
}

#[derive(Default)]
pub(crate) struct Poller {
    /// Made when it is first needed: a loop on a virtual clock mostly never asks the operating system for anything.
    poll: RefCell<Option<Poll>>,
    events: RefCell<Option<Events>>,
    sinks: RefCell<BTreeMap<Token, Rc<dyn EventSink>>>,
    next_token: Cell<usize>,
}

impl Poller {
    fn open(&self, remote: &Remote) -> io::Result<()> {
        let mut poll = self.poll.borrow_mut();
        if poll.is_none() {
            let opened = Poll::new()?;
            remote.set_alarm(mio::Waker::new(opened.registry(), ALARM)?);
            *self.events.borrow_mut() = Some(Events::with_capacity(1024));
            *poll = Some(opened);
        }
        Ok(())
    }

    pub(crate) fn has_sources(&self) -> bool {
        !self.sinks.borrow().is_empty()
    }

    /// Begins to watch a source for both directions; `sink` hears of every change to ready.
    pub(crate) fn register(
        &self,
        remote: &Remote,
        source: &mut impl Source,
        sink: Rc<dyn EventSink>,
    ) -> io::Result<Token> {
        self.open(remote)?;
        let token = Token(self.next_token.get());
        let poll = self.poll.borrow();
        let registry = poll.as_ref().expect("opened above").registry();
        registry.register(source, token, Interest::READABLE | Interest::WRITABLE)?;
        self.next_token.set(token.0 + 1);
        self.sinks.borrow_mut().insert(token, sink);
        Ok(token)
    }

    /// Ends the watch; what the operating system still reports of the source is ignored.
    pub(crate) fn deregister(&self, source: &mut impl Source, token: Token) {
        self.sinks.borrow_mut().remove(&token);
        if let Some(poll) = self.poll.borrow().as_ref() {
            // Closing the source, which follows, ends the watch as well.
            let _ = poll.registry().deregister(source);
        }
    }

    /// Ends every watch, oldest first.
    pub(crate) fn close(&self) {
        let sinks = self.sinks.take();
        for sink in sinks.into_values() {
            sink.on_close();
        }
    }

    /// Sleeps until something happens, or until `timeout` is over, and tells the sinks.
    ///
    /// # Panics
    /// If the operating system refuses a poller, for want of file descriptors, say.
    pub(crate) fn wait(&self, remote: &Remote, timeout: Option<Duration>) {
        self.open(remote)
            .unwrap_or_else(|e| panic!("cannot open the operating system's poller: {e}"));
        let mut events = self.events.take().expect("opened above");
        {
            let mut poll = self.poll.borrow_mut();
            let poll = poll.as_mut().expect("opened above");
            let timeout = if remote.fall_asleep() { timeout } else { Some(Duration::ZERO) };
            let polled = poll.poll(&mut events, timeout);
            remote.wake_up();
            match polled {
                // A signal woke the thread; the loop looks around and sleeps again.
                Err(e) if e.kind() == io::ErrorKind::Interrupted => events.clear(),
                other => {
                    other.unwrap_or_else(|e| panic!("the operating system's poller failed: {e}"))
                }
            }
        }
        for event in &events {
            let sink = self.sinks.borrow().get(&event.token()).cloned();
            if let Some(sink) = sink {
                sink.on_event(
                    event.is_readable() || event.is_read_closed() || event.is_error(),
                    event.is_writable() || event.is_write_closed() || event.is_error(),
                );
            }
        }
        *self.events.borrow_mut() = Some(events);
    }
}
