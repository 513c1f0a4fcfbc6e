//! What the library's page says about reading it.

const PAGE: &str = include_str!("../../src/lib.rs");

const HEART: [(&str, &str); 6] = [
    ("event_loop", include_str!("../../src/event_loop.rs")),
    ("handle", include_str!("../../src/handle.rs")),
    ("slot", include_str!("../../src/slot.rs")),
    ("promise", include_str!("../../src/promise.rs")),
    ("awaiting", include_str!("../../src/awaiting.rs")),
    ("task", include_str!("../../src/task.rs")),
];

#[test]
fn the_heart_has_some_two_thousand_lines() {
    let (_, sentence) = PAGE.split_once("The heart is ").expect("the page says it");
    let (sentence, _) = sentence.split_once(':').expect("and how long it is");
    let named: Vec<&str> = sentence.split('`').skip(1).step_by(2).collect();
    assert_eq!(named, HEART.map(|(name, _)| name));
    let lines: usize = HEART.iter().map(|(_, file)| file.lines().count()).sum();
    assert!((1_900..2_200).contains(&lines), "{lines}");
}

#[test]
fn the_reading_order_names_every_module() {
    let modules = PAGE.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    let (_, order) = PAGE.split_once("# Reading order").expect("there is one");
    let (order, _) = order.split_once("# What is simplified").expect("it ends");
    for module in modules {
        assert!(order.contains(&format!("`{module}`")), "{module}");
    }
}
