mod exercise;

use std::process::ExitCode;

use check::Checks;
use exercise::{LONGEST, Orders};

/// More than `{:?}` shows of a line that may still fit, each byte as a number.
const MOST_SHOWN: usize = 1000;

/// The answers to bytes that arrive in these pieces.
fn answers<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut orders = Orders::default();
    let answers = pieces.into_iter().flat_map(|piece| orders.receive(piece));
    answers.collect()
}

/// Cuts a talk at each place in turn, and into single bytes, and checks that nothing changes.
fn cut_everywhere(checks: &mut Checks, id: &str, claim: &str, talk: &[u8], expected: &[&str]) {
    let bytes = answers(talk.chunks(1));
    let cuts = (0..=talk.len()).map(|cut| {
        let (before, after) = talk.split_at(cut);
        let place = format!("{:?} ", String::from_utf8_lossy(before));
        (place, answers([before, after]))
    });
    let mut all = cuts.chain([("into single bytes ".to_owned(), bytes)]);
    let differing = all.find(|(_, answers)| answers != expected);
    let seen = differing.map(|(place, answers)| format!("cut after {place}: {answers:?}"));
    let expected = format!("{expected:?} wherever it is cut");
    checks.that(
        id,
        claim,
        seen.is_none(),
        expected,
        seen.unwrap_or_default(),
    );
}

fn main() -> ExitCode {
    check::program(|checks| {
        let expected = ["ordered: tea", "ordered: two thés"].map(str::to_owned);
        checks.equal(
            "whole",
            "two lines that arrive together are two orders",
            &expected.to_vec(),
            &answers(["tea\ntwo thés\n".as_bytes()]),
        );
        cut_everywhere(
            checks,
            "cut",
            "it does not matter where the network cuts",
            "tea\n\nthé vert\n".as_bytes(),
            &["ordered: tea", "ordered: ", "ordered: thé vert"],
        );
        cut_everywhere(
            checks,
            "half",
            "half a line at the end is not answered",
            b"chai\ntea",
            &["ordered: chai"],
        );
        cut_everywhere(
            checks,
            "bytes",
            "a line that is not UTF-8 is refused, and the next one is served",
            b"chai \xff\ntea\n",
            &["not UTF-8", "ordered: tea"],
        );

        let longest = "x".repeat(LONGEST);
        let fits = format!("ordered: {longest}");
        cut_everywhere(
            checks,
            "longest",
            "a line may be as long as the limit",
            format!("{longest}\ntea\n").as_bytes(),
            &[&fits, "ordered: tea"],
        );
        cut_everywhere(
            checks,
            "too_long",
            "a longer line is refused once, and the next one is served",
            format!("{longest}{longest}{longest}x\ntea\n").as_bytes(),
            &["too long", "ordered: tea"],
        );
        let mut orders = Orders::default();
        let at_limit = orders.receive(longest.as_bytes());
        checks.equal(
            "at_once",
            "a line that may still fit is not refused",
            &Vec::new(),
            &at_limit,
        );
        let said: Vec<_> = (0..3).map(|_| orders.receive(b"x").len()).collect();
        checks.equal(
            "at_once",
            "a line is refused as soon as it is too long, and then no more",
            &vec![1, 0, 0],
            &said,
        );
        for _ in 0..1000 {
            orders.receive(b"and so on ");
        }
        let kept = format!("{orders:?}");
        checks.that(
            "kept",
            "after 10000 bytes of a line that is too long they are not kept",
            kept.len() < MOST_SHOWN,
            format!("fewer than {MOST_SHOWN} characters of {{:?}}"),
            format!(
                "{} characters: {}…",
                kept.len(),
                kept.chars().take(60).collect::<String>()
            ),
        );
        checks.equal(
            "kept",
            "the next line is an order again",
            &vec!["ordered: tea".to_owned()],
            &orders.receive(b"\ntea\n"),
        );
    })
}
