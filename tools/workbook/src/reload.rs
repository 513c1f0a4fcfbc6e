//! Telling pages that they are served by this program, and open ones that the book has changed.
//!
//! The server puts one sign and one script into the pages it serves; the built book knows nothing of them.

use std::convert::Infallible;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream;
use tokio::sync::watch;

/// Where the script is.
pub const SCRIPT_PATH: &str = "/__reload.js";

/// Where the script listens.
pub const EVENTS_PATH: &str = "/__reload";

/// A hidden page does not listen, because a browser has few connections for one site.
pub const SCRIPT: &str = r#""use strict";
(() => {
  let seen = null;
  let events = null;
  const listen = () => {
    if (document.hidden) {
      events?.close();
      events = null;
    } else if (events === null) {
      events = new EventSource("/__reload");
      events.onmessage = (message) => {
        if (seen !== null && seen !== message.data) location.reload();
        seen = message.data;
      };
    }
  };
  document.addEventListener("visibilitychange", listen);
  listen();
})();
"#;

/// By this a page knows that it may ask for `/status`, whatever its address is.
const SIGN: &str = "<meta name=\"workbook\" content=\"served\">";

/// Makes a page of the book one that is served.
pub fn served(page: &str) -> String {
    let script = format!("<script src=\"{SCRIPT_PATH}\"></script>\n</body>");
    let page = page.replacen("</head>", &format!("{SIGN}\n</head>"), 1);
    match page.rsplit_once("</body>") {
        Some((before, after)) => format!("{before}{script}{after}"),
        None => page,
    }
}

/// Counts the builds of the book.
pub struct Builds {
    /// Differs between two runs of the program, so that a page notices a restart.
    start: u128,
    count: watch::Sender<u64>,
}

impl Builds {
    /// Counts from the first build on.
    pub fn new() -> Builds {
        let start = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        Builds { start, count: watch::Sender::new(0) }
    }

    /// Tells every open page that there is a new build.
    pub fn tell(&self) {
        self.count.send_modify(|count| *count += 1);
    }

    /// Lets somebody of this program hear of each new build.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    /// The stream for one page: the build there is now, then each new one.
    pub fn events(&self) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
        let start = self.start;
        let mut count = self.subscribe();
        count.mark_changed();
        let events = stream::unfold(count, move |mut count| async move {
            count.changed().await.ok()?;
            let build = *count.borrow_and_update();
            let event = Event::default().data(format!("{start}-{build}"));
            Some((Ok(event), count))
        });
        Sse::new(events).keep_alive(KeepAlive::default())
    }
}

impl Default for Builds {
    fn default() -> Builds {
        Builds::new()
    }
}
