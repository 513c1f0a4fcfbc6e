use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

/// What happens to the window.
pub enum Event {
    Key(char),
    Save(String),
    /// A save is done.
    Saved(String),
    Quit,
}

/// Handles events until the window is quit and all saves are done.
///
/// `save` blocks; `show` belongs to the window and is called on its thread only.
pub fn message_loop(
    post: Sender<Event>,
    events: Receiver<Event>,
    save: Arc<impl Fn(&str) + Send + Sync + 'static>,
    mut show: impl FnMut(String),
) {
    let _ = post; // Build it: here the handler blocks, and the window with it.
    for event in events {
        match event {
            Event::Key(key) => show(format!("key {key}")),
            Event::Save(name) => {
                show(format!("saving {name}"));
                save(&name);
                show(format!("saved {name}"));
            }
            Event::Saved(_) => {}
            Event::Quit => return,
        }
    }
}
