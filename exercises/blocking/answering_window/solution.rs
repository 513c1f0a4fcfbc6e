use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::thread;

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
    let (mut saving, mut quitting) = (0, false);
    while saving > 0 || !quitting {
        match events.recv().expect("`post` is one of the senders") {
            Event::Saved(name) => {
                saving -= 1;
                show(format!("saved {name}"));
            }
            _ if quitting => {}
            Event::Key(key) => show(format!("key {key}")),
            Event::Save(name) => {
                saving += 1;
                show(format!("saving {name}"));
                let (post, save) = (post.clone(), save.clone());
                thread::spawn(move || {
                    save(&name);
                    let _ = post.send(Event::Saved(name));
                });
            }
            Event::Quit => quitting = true,
        }
    }
}
