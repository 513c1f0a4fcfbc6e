//! Items in the order of their arrival, each with a number to take it out by.
//!
//! What happens when a promise is done, what a task waits for, and who waits for a turn: each is such a line. It mostly has one
//! item, so the common case allocates nothing and takes no more room than the item and its number.

use std::cell::Cell;
use std::collections::VecDeque;

thread_local! {
    /// The number that was given out last. No two items on a thread have the same, whatever line they are in.
    static LAST: Cell<u64> = const { Cell::new(0) };
}

/// Invariant: the numbers rise from the front to the back.
#[derive(Default)]
pub(crate) enum Line<T> {
    #[default]
    Empty,
    One(u64, T),
    /// May have become short again.
    Many(Many<T>),
}

/// Invariants: the first item is there, and no more than half of the items are gone.
///
/// So a search takes as many steps as the number of the items has digits in base two, and to take one out moves no other most of
/// the time.
pub(crate) struct Many<T> {
    items: VecDeque<(u64, Option<T>)>,
    gone: usize,
}

impl<T> Many<T> {
    fn find(&self, number: u64) -> Option<usize> {
        self.items.binary_search_by_key(&number, |(n, _)| *n).ok()
    }

    fn take(&mut self, number: u64) -> Option<T> {
        let at = self.find(number)?;
        let item = self.items[at].1.take()?;
        self.gone += 1;
        self.tidy();
        Some(item)
    }

    fn pop(&mut self) -> Option<T> {
        let (_, item) = self.items.pop_front()?;
        self.tidy();
        item
    }

    fn tidy(&mut self) {
        while matches!(self.items.front(), Some((_, None))) {
            self.items.pop_front();
            self.gone -= 1;
        }
        if self.gone * 2 > self.items.len() {
            self.items.retain(|(_, item)| item.is_some());
            self.gone = 0;
        }
    }
}

impl<T> Line<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.first().is_none()
    }

    /// Appends an item and gives its number.
    #[inline]
    pub(crate) fn push(&mut self, item: T) -> u64 {
        let number = LAST.get() + 1;
        LAST.set(number);
        match self {
            // `Empty` has nothing to drop, and an assignment would look for it.
            Line::Empty => std::mem::forget(std::mem::replace(self, Line::One(number, item))),
            Line::Many(many) => many.items.push_back((number, Some(item))),
            Line::One(..) => self.push_second(number, item),
        }
        number
    }

    #[cold]
    fn push_second(&mut self, number: u64, item: T) {
        let mut items = VecDeque::with_capacity(4);
        if let Line::One(first_number, first) = std::mem::take(self) {
            items.push_back((first_number, Some(first)));
        }
        items.push_back((number, Some(item)));
        *self = Line::Many(Many { items, gone: 0 });
    }

    /// Takes an item out, if it is still there, and keeps the order of the others.
    #[inline]
    pub(crate) fn take(&mut self, number: u64) -> Option<T> {
        match self {
            Line::One(n, _) if *n == number => self.take_one(),
            Line::Many(many) => many.take(number),
            _ => None,
        }
    }

    #[inline]
    fn take_one(&mut self) -> Option<T> {
        match std::mem::take(self) {
            Line::One(_, item) => Some(item),
            _ => None,
        }
    }

    /// Takes the first item out.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        match self {
            Line::Many(many) => many.pop(),
            _ => self.take_one(),
        }
    }

    pub(crate) fn first(&self) -> Option<&T> {
        self.iter().next().map(|(_, item)| item)
    }

    #[inline]
    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        match self {
            Line::One(n, item) if *n == number => Some(item),
            Line::Many(many) => many.items[many.find(number)?].1.as_ref(),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        match self {
            Line::One(n, item) if *n == number => Some(item),
            Line::Many(many) => {
                let at = many.find(number)?;
                many.items[at].1.as_mut()
            }
            _ => None,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let (one, many) = match self {
            Line::Empty => (None, None),
            Line::One(number, item) => (Some((*number, item)), None),
            Line::Many(many) => (None, Some(many)),
        };
        let many = many.into_iter().flat_map(|many| &many.items);
        let many = many.filter_map(|(number, item)| Some((*number, item.as_ref()?)));
        one.into_iter().chain(many)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut T)> {
        let (one, many) = match self {
            Line::Empty => (None, None),
            Line::One(number, item) => (Some((*number, item)), None),
            Line::Many(many) => (None, Some(many)),
        };
        let many = many.into_iter().flat_map(|many| &mut many.items);
        let many = many.filter_map(|(number, item)| Some((*number, item.as_mut()?)));
        one.into_iter().chain(many)
    }

    /// Calls `f` with each item in order.
    #[inline]
    pub(crate) fn for_each(self, mut f: impl FnMut(T)) {
        match self {
            Line::Empty => {}
            Line::One(_, item) => f(item),
            Line::Many(many) => many.items.into_iter().filter_map(|(_, i)| i).for_each(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    fn items(line: &Line<u32>) -> Vec<u32> {
        line.iter().map(|(_, item)| *item).collect()
    }

    #[test]
    fn taking_keeps_the_order() {
        let mut line = Line::default();
        let numbers: Vec<u64> = (1..=4).map(|n| line.push(n)).collect();
        assert_eq!(line.take(numbers[0]), Some(1));
        assert_eq!(line.take(numbers[2]), Some(3));
        assert_eq!(line.take(numbers[2]), None);
        assert_eq!(items(&line), [2, 4]);
        assert_eq!(line.get_mut(numbers[3]), Some(&mut 4));
        assert_eq!(line.pop(), Some(2));
        assert_eq!(line.first(), Some(&4));
        line.push(5);
        let mut rest = Vec::new();
        line.for_each(|item| rest.push(item));
        assert_eq!(rest, [4, 5]);
    }

    #[test]
    fn a_single_item_comes_and_goes_without_a_list() {
        let mut line = Line::default();
        for n in 0..3 {
            let number = line.push(n);
            assert!(matches!(line, Line::One(..)));
            assert_eq!(line.get(number + 1), None);
            assert_eq!(line.take(number), Some(n));
            assert!(line.is_empty());
        }
        line.push(3);
        assert_eq!((line.pop(), line.pop()), (Some(3), None));
    }

    #[test]
    fn what_was_taken_leaves_no_more_than_as_much_room_behind() {
        let mut line = Line::default();
        let numbers: Vec<u64> = (0..1000).map(|n| line.push(n)).collect();
        for (n, number) in (0..).zip(&numbers) {
            if n % 10 != 9 {
                assert_eq!(line.take(*number), Some(n));
            }
            let Line::Many(many) = &line else {
                panic!("there were many");
            };
            assert!(many.gone * 2 <= many.items.len());
            assert!(!matches!(many.items.front(), Some((_, None))));
        }
        assert_eq!(items(&line).len(), 100);
    }

    #[test]
    fn no_number_is_given_out_twice() {
        let (mut one, mut other) = (Line::default(), Line::default());
        assert_ne!(one.push(()), other.push(()));
    }
}
