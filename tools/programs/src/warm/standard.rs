//! What programs ask of the standard library.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

/// Mentions everything below for the usual types.
pub fn warm() {
    threads(());
    for_type(0_i32);
    for_type(0_u32);
    for_type(0_u64);
    for_type(0_usize);
    for_type("");
    for_type(String::new());
}

fn for_type<T: Clone + Debug + Display + Eq + Hash + Ord + Send + 'static>(value: T) {
    threads(value.clone());
    collections(value);
}

fn threads<T: Clone + Debug + Send + 'static>(value: T) {
    let (sender, receiver) = mpsc::channel();
    sender.clone().send(value.clone()).expect("a receiver");
    println!("{:?} {:?}", receiver.recv(), receiver.try_recv().is_ok());
    let given = value.clone();
    println!("{:?}", thread::spawn(move || given).join().expect("a value"));
}

/// What programs do with many values.
fn collections<T: Clone + Debug + Display + Eq + Hash + Ord + 'static>(value: T) {
    let mut list: Vec<T> = Vec::new();
    list.push(value.clone());
    list.extend([value.clone()]);
    list.sort();
    for value in &list {
        println!("{value} {value:?}");
    }
    println!("{list:?} {} {:?} {:?}", list.len(), list.pop(), list.contains(&value));
    for value in list.clone() {
        println!("{value}");
    }
    println!("{:?}", list.iter().cloned().collect::<BTreeSet<T>>());
    println!("{:?}", list.iter().map(T::to_string).collect::<Vec<String>>().join(", "));
    let mut queue: VecDeque<T> = list.into();
    queue.push_back(value.clone());
    println!("{:?} {queue:?}", queue.pop_front());
    let mut map = HashMap::new();
    map.insert(value.clone(), value.clone());
    map.entry(value.clone()).or_insert(value.clone());
    println!("{map:?} {:?}", map.get(&value));
    println!("{:?}", map.remove(&value));
    let mut map = BTreeMap::new();
    map.insert(value.clone(), value.clone());
    println!("{map:?} {:?}", map.get(&value));
    let shared = Rc::new(std::cell::RefCell::new(vec![value]));
    println!("{:?} {:?}", shared.borrow().len(), Instant::now().elapsed());
}
