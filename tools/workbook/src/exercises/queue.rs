//! The checks that pages ask for: one runs at a time, because each uses a whole core, and some more wait in line.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Exercises;
use super::check::Outcome;
use crate::supervisor::Supervisor;

/// How many checks may wait for their turn.
pub const WAITING: usize = 16;

/// How long the server waits for the end of a check that it stops, which takes less.
const PATIENCE: Duration = Duration::from_secs(8);

/// What all checks of one server share.
pub struct Queue {
    exercises: Arc<Exercises>,
    /// The folder for the folders of checks.
    folder: PathBuf,
    /// Makes the names of those folders.
    number: AtomicU64,
    /// Held by the check that runs; the others get it in the order in which they came.
    turn: Arc<Semaphore>,
    /// One place for each check that runs or waits.
    places: Arc<Semaphore>,
    ending: watch::Sender<bool>,
}

/// A place in the line; whoever gives it up stops the check.
pub struct Place {
    order: Arc<Notify>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.order.notify_one();
    }
}

impl Queue {
    /// Runs checks in folders below this one.
    pub fn new(exercises: Arc<Exercises>, folder: &Path) -> Queue {
        Queue {
            exercises,
            folder: folder.to_path_buf(),
            number: AtomicU64::new(0),
            turn: Arc::new(Semaphore::new(1)),
            places: Arc::new(Semaphore::new(1 + WAITING)),
            ending: watch::Sender::new(false),
        }
    }

    /// Takes a place, unless all are taken.
    pub fn place(&self) -> Option<Place> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        Some(Place { order: Arc::default(), _place: place })
    }

    /// Waits for the turn of this place, and checks the exercise of this name; gives nothing if that was stopped.
    pub async fn check(self: &Arc<Queue>, name: &str, place: &Place) -> Result<Option<Outcome>> {
        let turn = self.turn.clone().acquire_owned().await?;
        let (queue, name, order) = (self.clone(), name.to_owned(), place.order.clone());
        // It goes on when this function does not: what it has started must be stopped, and the turn is held until then.
        let check = tokio::spawn(async move {
            let outcome = queue.check_now(&name, order).await;
            drop(turn);
            outcome
        });
        check.await?
    }

    async fn check_now(&self, name: &str, order: Arc<Notify>) -> Result<Option<Outcome>> {
        let exercises = self.exercises.clone();
        let compiler = spawn_blocking(move || exercises.compiler()).await??;
        let catalog = self.exercises.catalog()?;
        let exercise = catalog.find(name)?;
        let folder = self.folder.join(format!("check-{}", self.number.fetch_add(1, Ordering::Relaxed)));
        let mut supervisor = Supervisor::start()?;
        supervisor.stop_on(order.clone());
        let mut ending = self.ending.subscribe();
        let outcome = {
            let check = self.exercises.check(&catalog, exercise, &compiler, &folder, &mut supervisor);
            tokio::pin!(check);
            let checked = tokio::select! {
                outcome = &mut check => Some(outcome),
                _ = ending.wait_for(|ending| *ending) => None,
            };
            match checked {
                Some(outcome) => outcome,
                None => {
                    order.notify_one();
                    check.await
                }
            }
        };
        supervisor.stop().await;
        outcome
    }

    /// Stops the check that runs, and waits for its end; no other starts any more.
    pub async fn stop(&self) {
        self.ending.send_replace(true);
        let _ = timeout(PATIENCE, self.turn.acquire()).await;
        self.turn.close();
    }
}
