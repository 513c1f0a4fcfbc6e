//! The loop's table of tasks: what the loop knows of them, and what wakes them.

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Wake, Waker};

use super::Core;
use crate::error::{Cancelled, Error};
use crate::header::{Header, TaskId};
use crate::remote::{Parcel, Remote};

/// A task as the loop sees it.
pub(crate) trait Body {
    fn header(&self) -> &Header;
    /// Gives the loop, if it still lives.
    fn core(&self) -> Option<Rc<Core>>;
    /// Polls the body once.
    fn step(self: Rc<Self>, core: &Rc<Core>);
    /// Drops the body of a task that will not run again.
    fn discard(self: Rc<Self>, core: &Core);
    fn request_cancel(self: Rc<Self>, reason: &Cancelled) -> bool;
    fn is_done(&self) -> bool;
    fn is_cancelled(&self) -> bool;
    fn exception(&self) -> Option<Error>;
    fn on_done(self: Rc<Self>, callback: Box<dyn FnOnce()>);
}

/// The waker of one task.
///
/// It holds no more than a number, so it may go to any thread although the task stays on its own.
struct TaskWaker {
    remote: Arc<Remote>,
    id: TaskId,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let here = Core::on_this_thread(self.remote.loop_id, |core| core.schedule_step(self.id));
        if here.is_none() {
            // A closed loop has dropped the task, so nobody is left to wake.
            let _ = self.remote.send(Parcel::Wake(self.id));
        }
    }
}

/// Whether a step of a task is in the ready queue; a second wake-up adds no second step.
#[derive(Clone, Copy, Default)]
pub(crate) enum Scheduled {
    #[default]
    No,
    /// And an observer is to hear of it when it is.
    ///
    /// Choice: a state and not a flag beside it, so that a wake-up that nobody observes looks no further than any wake-up must.
    NoAndWatched,
    Yes,
}

struct Place {
    generation: u32,
    scheduled: Scheduled,
    task: Option<Rc<dyn Body>>,
    /// Outlives the tenant: when nobody else holds it any more, it serves the next one and spares an allocation.
    waker: Option<Arc<TaskWaker>>,
}

impl Place {
    fn waker(&mut self, id: TaskId, remote: &Arc<Remote>) -> Waker {
        match self.waker.as_mut().and_then(Arc::get_mut) {
            Some(waker) => waker.id = id,
            None => {
                let remote = remote.clone();
                self.waker = Some(Arc::new(TaskWaker { remote, id }));
            }
        }
        self.waker.clone().expect("made above").into()
    }
}

/// Invariant: `free` lists exactly the places without a tenant.
#[derive(Default)]
pub(crate) struct TaskTable {
    places: Vec<Place>,
    free: Vec<u32>,
    /// `NoAndWatched` if the loop has an observer.
    unscheduled: Scheduled,
}

impl TaskTable {
    /// Finds a place for a new task, and gives its name and its waker.
    pub(crate) fn reserve(&mut self, remote: &Arc<Remote>) -> (TaskId, Waker) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place {
                generation: 0,
                scheduled: Scheduled::No,
                task: None,
                waker: None,
            });
            u32::try_from(self.places.len() - 1).expect("fewer than 2^32 tasks")
        });
        let place = &mut self.places[index as usize];
        let id = TaskId {
            index,
            generation: place.generation,
        };
        (id, place.waker(id, remote))
    }

    /// Keeps the task in the place that was reserved for it until it ends; its first step is about to be scheduled.
    pub(crate) fn keep_scheduled(&mut self, id: TaskId, task: Rc<dyn Body>) {
        let place = &mut self.places[id.index as usize];
        place.scheduled = Scheduled::Yes;
        place.task = Some(task);
    }

    #[inline]
    fn place(&mut self, id: TaskId) -> Option<&mut Place> {
        self.places
            .get_mut(id.index as usize)
            .filter(|place| place.generation == id.generation)
    }

    pub(crate) fn get(&mut self, id: TaskId) -> Option<Rc<dyn Body>> {
        self.place(id)?.task.clone()
    }

    /// Lets an observer hear of what is scheduled from now on, or no longer.
    pub(crate) fn watch(&mut self, watched: bool) {
        self.unscheduled = match watched {
            true => Scheduled::NoAndWatched,
            false => Scheduled::No,
        };
    }

    /// Marks the task as scheduled, and tells whether it was; a task that has ended counts as scheduled.
    #[inline]
    pub(crate) fn schedule(&mut self, id: TaskId) -> Scheduled {
        self.place(id).map_or(Scheduled::Yes, |place| {
            std::mem::replace(&mut place.scheduled, Scheduled::Yes)
        })
    }

    /// Gives the task whose turn has come, and lets it be scheduled again.
    #[inline]
    pub(crate) fn begin_step(&mut self, id: TaskId) -> Option<Rc<dyn Body>> {
        let unscheduled = self.unscheduled;
        let place = self.place(id)?;
        place.scheduled = unscheduled;
        place.task.clone()
    }

    /// Frees the place of a task that ended.
    #[inline]
    pub(crate) fn remove(&mut self, id: TaskId) -> Option<Rc<dyn Body>> {
        let place = self.place(id)?;
        let task = place.task.take();
        place.generation = place.generation.wrapping_add(1);
        place.scheduled = Scheduled::No;
        self.free.push(id.index);
        task
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Rc<dyn Body>> {
        self.places.iter().filter_map(|place| place.task.as_ref())
    }
}
