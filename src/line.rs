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

/// Gives a number that no item has, nor ever had.
#[inline]
pub(crate) fn new_number() -> u64 {
    LAST.set(LAST.get() + 1);
    LAST.get()
}

/// Invariant: the numbers rise from the front to the back.
pub(crate) struct Line<T> {
    /// The number of the single item.
    number: u64,
    /// The only item, as long as there never were two at a time.
    single: Option<T>,
    /// All items, from the second one on.
    many: Option<Box<Many<T>>>,
}

/// Invariants: the first item is there, and no more than half of the items are gone.
///
/// So a search takes as many steps as the number of the items has digits in base two, and to take one out moves no other most of
/// the time.
struct Many<T> {
    items: VecDeque<(u64, Option<T>)>,
    gone: usize,
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Many {
            items: VecDeque::new(),
            gone: 0,
        }
    }
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

impl<T> Default for Line<T> {
    fn default() -> Self {
        Line {
            number: 0,
            single: None,
            many: None,
        }
    }
}

impl<T> Line<T> {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.single.is_none() && self.many.as_ref().is_none_or(|many| many.items.is_empty())
    }

    /// Appends an item and gives its number.
    #[inline]
    pub(crate) fn push(&mut self, item: T) -> u64 {
        let number = new_number();
        if self.single.is_none() && self.many.is_none() {
            self.number = number;
            self.single = Some(item);
        } else {
            self.push_further(number, item);
        }
        number
    }

    fn push_further(&mut self, number: u64, item: T) {
        let many = self.many.get_or_insert_default();
        if let Some(first) = self.single.take() {
            many.items.push_back((self.number, Some(first)));
        }
        many.items.push_back((number, Some(item)));
    }

    /// Takes an item out, if it is still there, and keeps the order of the others.
    #[inline]
    pub(crate) fn take(&mut self, number: u64) -> Option<T> {
        match &mut self.many {
            None if self.number == number => self.single.take(),
            None => None,
            Some(many) => many.take(number),
        }
    }

    /// Takes the first item out.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        match &mut self.many {
            None => self.single.take(),
            Some(many) => many.pop(),
        }
    }

    pub(crate) fn first(&self) -> Option<&T> {
        self.iter().next().map(|(_, item)| item)
    }

    #[inline]
    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        match &self.many {
            None if self.number == number => self.single.as_ref(),
            None => None,
            Some(many) => many.items[many.find(number)?].1.as_ref(),
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        match &mut self.many {
            None if self.number == number => self.single.as_mut(),
            None => None,
            Some(many) => {
                let at = many.find(number)?;
                many.items[at].1.as_mut()
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let single = self.single.iter().map(|item| (self.number, item));
        let many = self.many.iter().flat_map(|many| &many.items);
        single.chain(many.filter_map(|(number, item)| Some((*number, item.as_ref()?))))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut T)> {
        let single = self.single.iter_mut().map(|item| (self.number, item));
        let many = self.many.iter_mut().flat_map(|many| &mut many.items);
        single.chain(many.filter_map(|(number, item)| Some((*number, item.as_mut()?))))
    }

    /// Calls `f` with each item in order.
    #[inline]
    pub(crate) fn for_each(self, mut f: impl FnMut(T)) {
        if let Some(item) = self.single {
            f(item);
        }
        if let Some(many) = self.many {
            many.items.into_iter().filter_map(|(_, i)| i).for_each(f);
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
            assert!(line.many.is_none());
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
            let many = line.many.as_ref().expect("there were many");
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
