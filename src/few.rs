//! A list that holds its first element in place.
//!
//! A promise mostly has one awaiter and a task mostly awaits one thing, so the common case allocates nothing.

/// Invariant: `rest` is empty whenever `first` is `None`.
pub(crate) struct Few<T> {
    first: Option<T>,
    rest: Vec<T>,
}

impl<T> Few<T> {
    pub(crate) const fn new() -> Self {
        Few {
            first: None,
            rest: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.rest.push(item);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.rest)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(&mut self.rest)
    }

    /// Removes the first element that fits and keeps the order of the others.
    pub(crate) fn remove_where(&mut self, fits: impl Fn(&T) -> bool) -> Option<T> {
        if self.first.as_ref().is_some_and(&fits) {
            let next = (!self.rest.is_empty()).then(|| self.rest.remove(0));
            std::mem::replace(&mut self.first, next)
        } else {
            let at = self.rest.iter().position(fits)?;
            Some(self.rest.remove(at))
        }
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.rest)
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
        assert_eq!(few.into_iter().collect::<Vec<_>>(), [2, 4]);
    }
}
