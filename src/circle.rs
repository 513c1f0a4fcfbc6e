//! Tasks that wait for one another.

use std::collections::HashSet;
use std::rc::Rc;

use crate::event_loop::Core;
use crate::promise::Targets;
use crate::task::Driven;

impl Core {
    /// Lists the tasks that have not ended, oldest first.
    pub(crate) fn tasks(&self) -> Vec<Rc<dyn Driven>> {
        let mut tasks: Vec<_> = self.tasks.borrow().values().cloned().collect();
        tasks.sort_by_key(|task| task.state().number);
        tasks
    }

    /// Reports tasks that wait for one another in a circle, when nothing else is left that could run.
    pub(crate) fn report_circle(&self) {
        let Some(names) = self.circle() else { return };
        let first = names.first().cloned().unwrap_or_default();
        let (shown, more) = names.split_at(names.len().min(10));
        let more = match more.len() {
            0 => String::new(),
            count => format!(" awaits {count} others"),
        };
        let names = shown.join(" awaits ");
        self.report(format!("{names}{more} awaits {first}: none of them can go on"), None);
    }

    /// Finds tasks each of which waits for the next, and the last for the first; gives their names.
    fn circle(&self) -> Option<Vec<Rc<str>>> {
        struct Link {
            address: *const (),
            name: Option<Rc<str>>,
            left: Targets,
        }
        let mut seen = HashSet::new();
        // Every path begins with a link that is nobody's, and leads to all tasks, the oldest first.
        let tasks = self.tasks().into_iter().rev().map(|task| task as _).collect();
        let mut path = vec![Link { address: std::ptr::null(), name: None, left: tasks }];
        while let Some(last) = path.last_mut() {
            let Some(promise) = last.left.pop() else {
                path.pop();
                continue;
            };
            let address = Rc::as_ptr(&promise).cast();
            if seen.insert(address) {
                let (left, name) = promise.waits_for();
                path.push(Link { address, name, left });
            } else if let Some(at) = path.iter().position(|link| link.address == address) {
                return Some(path[at..].iter().filter_map(|link| link.name.clone()).collect());
            }
        }
        None
    }
}
