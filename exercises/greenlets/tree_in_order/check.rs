mod exercise;

use std::process::ExitCode;

use exercise::{Tree, walk};

/// A number that tells the checks when it is cloned.
struct Number(u32);

impl Clone for Number {
    fn clone(&self) -> Number {
        check::note(format!("gave {}", self.0));
        Number(self.0)
    }
}

/// A tree of these numbers in this order, with the middle one at the top.
fn tree(numbers: &[u32]) -> Option<Box<Tree<Number>>> {
    let (left, rest) = numbers.split_at(numbers.len() / 2);
    let (value, right) = rest.split_first()?;
    Some(Box::new(Tree {
        left: tree(left),
        value: Number(*value),
        right: tree(right),
    }))
}

/// A tree in which each number but the last has the next one below it, on this side.
fn chain(left_side: bool, numbers: std::ops::RangeInclusive<u32>) -> Tree<Number> {
    let mut below: Option<Box<Tree<Number>>> = None;
    for number in numbers {
        let (left, right) = match left_side {
            true => (below, None),
            false => (None, below),
        };
        below = Some(Box::new(Tree {
            left,
            value: Number(number),
            right,
        }));
    }
    *below.expect("there are numbers")
}

fn main() -> ExitCode {
    check::program(|checks| {
        for numbers in [vec![1, 2, 3], vec![5, 1, 4, 2, 8, 6, 7, 3], vec![9]] {
            let tree = *tree(&numbers).expect("there are numbers");
            let seen: Vec<u32> = walk(tree).map(|number| number.0).collect();
            checks.equal("order", "all values come, in order", &numbers, &seen);
        }
        let run = checks.on_loop(async {
            let tree = *tree(&[1, 2, 3, 4, 5, 6, 7]).expect("there are numbers");
            let mut values = walk(tree);
            check::note("made");
            Ok((values.next().map(|n| n.0), values.next().map(|n| n.0)))
        });
        checks.trace(
            "lazy",
            "only the values that are asked for are taken from the tree",
            &run,
            &["made", "gave 1", "gave 2"],
        );
        checks.value("lazy", "and they come", &run, &(Some(1), Some(2)));
        let up: Vec<u32> = (1..=300).collect();
        let down: Vec<u32> = (1..=300).rev().collect();
        for (left_side, expected) in [(true, up), (false, down)] {
            let seen: Vec<u32> = walk(chain(left_side, 1..=300)).map(|n| n.0).collect();
            checks.that(
                "deep",
                "a tree of 300 levels is walked, too",
                seen == expected,
                "300 values in order",
                format!(
                    "{} values, from {:?} to {:?}",
                    seen.len(),
                    seen.first(),
                    seen.last()
                ),
            );
        }
    })
}
