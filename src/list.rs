//! Items in the order of their arrival, each with a number to take it out by.

use std::cell::Cell;
use std::collections::BTreeMap;

use crate::event_loop::seldom;

thread_local! {
    /// The number that was given out last. No two items on a thread have the same, whatever list they are in.
    static LAST: Cell<u64> = const { Cell::new(0) };
}

/// Gives a number that no item has, nor ever had.
pub(crate) fn new_number() -> u64 {
    LAST.set(LAST.get() + 1);
    LAST.get()
}

/// Those who wait for something: the listeners of a promise, the leaves of a task, the getters of a queue.
///
/// However many there are and whoever leaves, nothing but `iter` looks at all of them.
/// Mostly there is one, and then there is no map.
///
/// Invariant: `first` came before what is in `more`, for nobody becomes the first while anybody is there.
pub(crate) struct List<T> {
    first: Option<(u64, T)>,
    /// `None` until there are two at a time.
    #[expect(clippy::box_collection, reason = "one word, not three, in a list without a map")]
    more: Option<Box<BTreeMap<u64, T>>>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        List { first: None, more: None }
    }
}

impl<T> List<T> {
    /// Appends an item and gives its number.
    pub(crate) fn push(&mut self, item: T) -> u64 {
        let number = new_number();
        self.put(number, item);
        number
    }

    /// Puts an item in under its number, and gives the one that had this number before.
    pub(crate) fn put(&mut self, number: u64, item: T) -> Option<T> {
        if self.is_empty() {
            self.first = Some((number, item));
            return None;
        }
        match &mut self.first {
            Some((same, before)) if *same == number => Some(std::mem::replace(before, item)),
            _ => seldom(|| self.more.get_or_insert_default().insert(number, item)),
        }
    }

    /// Takes an item out, if it is still there.
    pub(crate) fn take(&mut self, number: u64) -> Option<T> {
        match self.first.take_if(|(first, _)| *first == number) {
            Some((_, item)) => Some(item),
            None => seldom(|| self.more.as_mut()?.remove(&number)),
        }
    }

    /// Takes the oldest item out.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let oldest = self.first.take().or_else(|| self.more.as_mut().and_then(|more| seldom(|| more.pop_first())));
        oldest.map(|(_, item)| item)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        match &mut self.first {
            Some((first, item)) if *first == number => Some(item),
            _ => seldom(|| self.more.as_mut()?.get_mut(&number)),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.as_ref().is_none_or(|more| more.is_empty())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let first = self.first.iter().map(|(number, item)| (*number, item));
        let more = self.more.iter().flat_map(|more| more.iter());
        first.chain(more.map(|(number, item)| (*number, item)))
    }
}

#[cfg(test)]
mod tests {
    use super::List;

    #[test]
    fn taking_keeps_the_order() {
        let mut list = List::default();
        let numbers: Vec<u64> = (1..=4).map(|n| list.push(n)).collect();
        assert_eq!(list.take(numbers[0]), Some(1));
        assert_eq!(list.take(numbers[2]), Some(3));
        assert_eq!(list.take(numbers[2]), None);
        list.push(5);
        assert_eq!(list.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [2, 4, 5]);
        assert_eq!(list.get_mut(numbers[3]), Some(&mut 4));
        assert_eq!(list.pop(), Some(2));
        assert_eq!((list.pop(), list.pop(), list.pop()), (Some(4), Some(5), None));
    }

    #[test]
    fn one_that_comes_when_the_first_has_gone_stands_behind_the_others() {
        let mut list = List::default();
        let first = list.push(1);
        list.push(2);
        list.take(first);
        list.push(3);
        assert_eq!((list.pop(), list.pop(), list.pop()), (Some(2), Some(3), None));
    }

    #[test]
    fn an_item_takes_the_place_of_the_one_that_had_its_number() {
        let mut list = List::default();
        let (first, second) = (list.push(1), list.push(2));
        assert_eq!((list.put(first, 3), list.put(second, 4)), (Some(1), Some(2)));
        assert_eq!((list.pop(), list.pop(), list.pop()), (Some(3), Some(4), None));
    }

    #[test]
    fn no_number_is_given_out_twice() {
        let (mut one, mut other) = (List::default(), List::default());
        assert_ne!(one.push(()), other.push(()));
    }
}
