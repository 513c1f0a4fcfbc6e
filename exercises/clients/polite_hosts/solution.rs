use std::cell::RefCell;
use std::collections::HashMap;

use asyncio::{Result, Semaphore};

/// Limits how many jobs ask the same host at the same time.
pub struct Hosts {
    most: usize,
    /// The names are in lower case.
    places: RefCell<HashMap<String, Semaphore>>,
}

impl Hosts {
    /// Gives each host so many places.
    pub fn new(most: usize) -> Hosts {
        Hosts {
            most,
            places: RefCell::default(),
        }
    }

    /// Runs a job that asks this host, as soon as it has a place.
    pub async fn run<T>(&self, host: &str, job: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
        let places = self.places_of(host);
        let _place = places.acquire().await?;
        job().await
    }

    fn places_of(&self, host: &str) -> Semaphore {
        let mut places = self.places.borrow_mut();
        let new = || Semaphore::new(self.most);
        places
            .entry(host.to_lowercase())
            .or_insert_with(new)
            .clone()
    }
}
