//! Comparing what the book says with what really happened.

/// Stands for any text within one line.
const ANY: &str = "[..]";

/// Whether `line` is what `pattern` says, where `[..]` stands for any text.
pub fn line_matches(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split(ANY);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        // The leftmost place leaves the most text for the parts that follow.
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Compares all lines; the error shows both texts and the first difference.
///
/// Space at the ends of lines and empty lines at the end of the text do not count.
pub fn same_text(expected: &str, actual: &str) -> Result<(), String> {
    let expected_lines = lines(expected);
    let actual_lines = lines(actual);
    let different = (0..expected_lines.len().max(actual_lines.len())).find(|&i| {
        match (expected_lines.get(i), actual_lines.get(i)) {
            (Some(pattern), Some(line)) => !line_matches(pattern, line),
            _ => true,
        }
    });
    let Some(i) = different else { return Ok(()) };
    let show = |line: Option<&&str>| match line {
        Some(line) => format!("`{line}`"),
        None => "nothing".to_owned(),
    };
    Err(format!(
        "line {} of the output differs: the book says {}, the program printed {}\n--- the book says\n{}\n--- the program printed\n{}",
        i + 1,
        show(expected_lines.get(i)),
        show(actual_lines.get(i)),
        expected_lines.join("\n"),
        actual_lines.join("\n"),
    ))
}

/// Checks that each line of `expected` occurs in `actual`, in this order.
///
/// A line occurs if it equals a whole line, but for the space around it; empty lines are skipped.
pub fn lines_occur(expected: &str, actual: &str) -> Result<(), String> {
    let mut rest = actual.lines();
    for pattern in expected.lines().map(str::trim).filter(|l| !l.is_empty()) {
        if !rest.any(|line| line_matches(pattern, line.trim())) {
            return Err(format!(
                "the line `{pattern}` does not occur, or not in this order, in\n{}",
                actual.trim_end()
            ));
        }
    }
    Ok(())
}

fn lines(text: &str) -> Vec<&str> {
    text.trim_end().lines().map(str::trim_end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_mark_only_the_same_line_matches() {
        assert!(line_matches("done", "done"));
        assert!(!line_matches("done", "done!"));
        assert!(!line_matches("", "x"));
    }

    #[test]
    fn the_mark_stands_for_any_text_within_the_line() {
        assert!(line_matches("[..]", ""));
        assert!(line_matches("took [..] ms", "took 12 ms"));
        assert!(line_matches("a[..]b[..]c", "a1b2b3c"));
        assert!(!line_matches("a[..]b[..]c", "a1c2b"));
        assert!(!line_matches("ab[..]bc", "abc"));
    }

    #[test]
    fn a_missing_and_a_superfluous_line_are_differences() {
        assert!(same_text("a\nb\n", "a\nb").is_ok());
        assert!(same_text("a\nb", "a").is_err());
        assert!(same_text("a", "a\nb").is_err());
        assert!(same_text("", "").is_ok());
    }

    #[test]
    fn lines_must_occur_in_order() {
        let actual = "error[E0373]: x\n --> src/main.rs:1:1\n  = note: y\n";
        assert!(lines_occur("error[E0373]: x\n= note: y", actual).is_ok());
        assert!(lines_occur("= note: y\nerror[E0373]: x", actual).is_err());
        assert!(lines_occur("error[E0373]", actual).is_err());
    }
}
