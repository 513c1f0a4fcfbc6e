use asyncio::{Queue, Result};
use std::ops::{Deref, DerefMut};

/// Lends out what it has; clones are handles to the same pool.
pub struct Pool<T> {
    free: Queue<T>,
}

/// Something that was lent out.
pub struct Lent<T> {
    /// `None` only while it is given back.
    item: Option<T>,
    free: Queue<T>,
}

/// Not derived: that would ask for items that can be cloned.
impl<T> Clone for Pool<T> {
    fn clone(&self) -> Pool<T> {
        let free = self.free.clone();
        Pool { free }
    }
}

impl<T> Pool<T> {
    pub fn new(items: impl IntoIterator<Item = T>) -> Pool<T> {
        let free = Queue::new();
        for item in items {
            let _ = free.put_nowait(item); // A queue without bounds is never full.
        }
        Pool { free }
    }

    /// Borrows something, or waits until something comes back.
    pub async fn borrow(&self) -> Result<Lent<T>> {
        let item = self.free.get().await?;
        Ok(Lent {
            item: Some(item),
            free: self.free.clone(),
        })
    }

    /// Counts what is not lent out.
    pub fn free(&self) -> usize {
        self.free.qsize()
    }
}

impl<T> Drop for Lent<T> {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            let _ = self.free.put_nowait(item); // A queue without bounds is never full.
        }
    }
}

impl<T> Deref for Lent<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.item.as_ref().expect("it is lent")
    }
}

impl<T> DerefMut for Lent<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.item.as_mut().expect("it is lent")
    }
}
