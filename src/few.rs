//! A list for what is mostly one.
//!
//! A promise mostly has one awaiter and a task mostly awaits one thing, so the common case allocates nothing and takes no more
//! room than its element.

/// A list in the order of the pushes; a `Many` may have become short again.
pub(crate) enum Few<T> {
    None,
    One(T),
    Many(Vec<T>),
}

impl<T> Few<T> {
    pub(crate) const fn new() -> Self {
        Few::None
    }

    fn take(&mut self) -> Self {
        std::mem::replace(self, Few::None)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    pub(crate) fn push(&mut self, item: T) {
        match self {
            // `None` has nothing to drop, and an assignment would look for it.
            Few::None => std::mem::forget(std::mem::replace(self, Few::One(item))),
            Few::Many(items) => items.push(item),
            Few::One(_) => {
                let mut items = Vec::with_capacity(4);
                self.take().for_each(|first| items.push(first));
                items.push(item);
                *self = Few::Many(items);
            }
        }
    }

    fn as_slice(&self) -> &[T] {
        match self {
            Few::None => &[],
            Few::One(item) => std::slice::from_ref(item),
            Few::Many(items) => items,
        }
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.as_slice().iter()
    }

    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        match self {
            Few::None => [].iter_mut(),
            Few::One(item) => std::slice::from_mut(item).iter_mut(),
            Few::Many(items) => items.iter_mut(),
        }
    }

    /// Removes the first element that fits and keeps the order of the others.
    pub(crate) fn remove_where(&mut self, fits: impl Fn(&T) -> bool) -> Option<T> {
        match self {
            Few::One(item) if fits(item) => match self.take() {
                Few::One(item) => Some(item),
                _ => None,
            },
            Few::Many(items) => {
                let at = items.iter().position(fits)?;
                Some(items.remove(at))
            }
            _ => None,
        }
    }

    /// Calls `f` with each element in order.
    pub(crate) fn for_each(self, f: impl FnMut(T)) {
        match self {
            Few::None => {}
            Few::One(item) => std::iter::once(item).for_each(f),
            Few::Many(items) => items.into_iter().for_each(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn removing_keeps_the_order() {
        let mut few = Few::new();
        for n in 1..=4 {
            few.push(n);
        }
        assert_eq!(few.remove_where(|n| *n == 1), Some(1));
        assert_eq!(few.remove_where(|n| *n == 3), Some(3));
        assert_eq!(few.remove_where(|n| *n == 9), None);
        assert_eq!(few.iter().collect::<Vec<_>>(), [&2, &4]);
    }
}
