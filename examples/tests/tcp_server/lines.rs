//! What the calculator answers, whoever brings it the bytes.

use crate::calculator::{Answers, Calculator, LONGEST_LINE};

fn answers(data: &[u8]) -> String {
    Calculator::default().receive(data).text
}

#[test]
fn every_kind_of_line_has_its_answer() {
    let most = i64::MAX;
    let least = i64::MIN;
    for (line, answer) in [
        ("add 1 2 3".to_owned(), "6"),
        ("  add\t1   2 3 \r".to_owned(), "6"),
        ("add".to_owned(), "0"),
        ("add +1 -2".to_owned(), "-1"),
        (String::new(), ""),
        (" \r".to_owned(), ""),
        ("add 1 two".to_owned(), "Error: two is not a whole number"),
        ("add 1.5".to_owned(), "Error: 1.5 is not a whole number"),
        ("add 1_000".to_owned(), "Error: 1_000 is not a whole number"),
        ("add ٣".to_owned(), "Error: ٣ is not a whole number"),
        (format!("add {most}"), "9223372036854775807"),
        (format!("add {least} {most}"), "-1"),
        (format!("add {most} 1 -1"), "9223372036854775807"),
        (
            format!("add {most} 1"),
            "Error: the sum needs more than 64 bits",
        ),
        (
            format!("add {least} -1"),
            "Error: the sum needs more than 64 bits",
        ),
        (
            "add 9223372036854775808".to_owned(),
            "Error: 9223372036854775808 needs more than 64 bits",
        ),
        (
            format!("add {}", "9".repeat(1000)),
            &format!("Error: {} needs more than 64 bits", "9".repeat(1000)),
        ),
        ("multiply 2 3 ".to_owned(), "Invalid command: multiply 2 3"),
        ("ADD 1".to_owned(), "Invalid command: ADD 1"),
        ("shutdown now".to_owned(), "Invalid command: shutdown now"),
        ("shutdown".to_owned(), "Shutting down"),
    ] {
        let expected = match answer {
            "" => String::new(),
            answer => format!("{answer}\n"),
        };
        assert_eq!(
            answers(format!("{line}\n").as_bytes()),
            expected,
            "{line:?}"
        );
    }
    assert_eq!(answers(b"add \xff\n"), "Error: the line is not UTF-8\n");
}

#[test]
fn the_largest_sum_that_fits_into_a_line_is_no_panic() {
    let line = format!("add{}\n", format!(" {}", i64::MIN).repeat(48));
    assert!(line.len() <= LONGEST_LINE);
    assert_eq!(
        answers(line.as_bytes()),
        "Error: the sum needs more than 64 bits\n"
    );
}

#[test]
fn a_line_may_have_1024_bytes_and_is_refused_once_before_it_ends() {
    let longest = format!("add {:>1$}\n", 7, LONGEST_LINE - 4);
    assert_eq!(answers(longest.as_bytes()), "7\n");

    let mut calculator = Calculator::default();
    let refused = "Error: a line has more than 1024 bytes\n";
    assert_eq!(calculator.receive(&[b'1'; LONGEST_LINE]).text, "");
    assert_eq!(calculator.receive(b"1").text, refused);
    assert_eq!(calculator.receive(&[b'1'; 100_000]).text, "");
    assert_eq!(calculator.receive(b"1\nadd 1 2\n").text, "3\n");
}

#[test]
fn what_comes_after_shutdown_is_not_answered() {
    let said = Calculator::default().receive(b"add 1\nshutdown\nadd 2\n");
    let text = "1\nShutting down\n".to_owned();
    assert_eq!(
        said,
        Answers {
            text,
            shutdown: true
        }
    );
}

#[test]
fn the_cuts_between_packets_change_nothing() {
    // A small generator of pseudo-random numbers: the same in every run.
    let mut state = 42_u32;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize % below
    };
    let pieces: [&[u8]; 9] = [
        b"add 1 2",
        b"add 9223372036854775807 1",
        b"\n",
        b"\r\n",
        b"\n\n",
        b"\xff\xfe",
        "grün".as_bytes(),
        &[b'x'; 700],
        b" 3 four",
    ];
    for _ in 0..300 {
        let sent: Vec<&[u8]> = (0..20).map(|_| pieces[random(pieces.len())]).collect();
        let sent = sent.concat();
        let whole = answers(&sent);
        let mut calculator = Calculator::default();
        let mut cut = String::new();
        let mut left = &sent[..];
        while !left.is_empty() {
            let (now, later) = left.split_at(1 + random(left.len().min(40)));
            cut += &calculator.receive(now).text;
            left = later;
        }
        assert_eq!(cut, whole, "{:?}", String::from_utf8_lossy(&sent));
    }
}
