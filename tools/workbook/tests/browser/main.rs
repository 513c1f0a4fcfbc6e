//! The pages as a reader sees them, in Chromium: programs are run, edited, stopped and reset by hand.
//!
//! Without Chromium and its driver these tests are skipped, and counted as skipped.

mod access;
mod exercises;
mod figures;
mod guesses;
mod model;
mod output;
mod page;
mod python;
mod search;
mod site;
mod sizes;
mod timelines;
mod webdriver;
mod whole;

use std::env;
use std::process::ExitCode;

use anyhow::Result;
use libtest_mimic::{Arguments, Failed, Trial};

type Test = (&'static str, fn() -> Result<()>);

fn main() -> ExitCode {
    // Looking for Python needs a supervisor, which is this program.
    if let Some(code) = workbook::supervisor::take_part() {
        return code;
    }
    let mut args = Arguments::from_args();
    // More browsers than processors only wait for one another.
    args.test_threads = args.test_threads.or(Some(2));
    let missing = webdriver::missing();
    if let Some(why) = &missing {
        eprintln!("note: the pages are not looked at, because {why}");
    }
    let all = env::var_os("WORKBOOK_REQUIRE_ALL").is_some();
    let skipped = missing.is_some() && !all;
    let without_axe = access::missing();
    if let Some(why) = &without_axe {
        eprintln!("note: nobody looks whether everybody can use the pages, because {why}");
    }
    let skipped_without_axe = skipped || without_axe.is_some() && !all;
    let axe = || access::axe_finds_nothing_serious().map_err(|error| Failed::from(format!("{error:?}")));
    let axe = Trial::test("axe_finds_nothing_serious", axe).with_ignored_flag(skipped_without_axe);
    let tests: [Test; 16] = [
        ("a_program_is_run_edited_stopped_and_reset", page::a_program_is_run_edited_stopped_and_reset),
        ("an_example_runs_on_a_phone_in_the_dark", page::an_example_runs_on_a_phone_in_the_dark),
        ("a_page_without_the_key_says_where_it_is", page::a_page_without_the_key_says_where_it_is),
        ("a_page_from_elsewhere_says_what_to_do", page::a_page_from_elsewhere_says_what_to_do),
        ("an_edit_outlives_the_server", page::an_edit_outlives_the_server),
        (
            "without_its_editor_a_program_is_edited_in_the_browsers_own",
            page::without_its_editor_a_program_is_edited_in_the_browsers_own,
        ),
        ("limits_that_a_system_lacks_are_named", page::limits_that_a_system_lacks_are_named),
        ("an_edited_program_is_drawn_and_gone_through", timelines::an_edited_program_is_drawn_and_gone_through),
        (
            "a_program_that_the_reader_stops_is_drawn_until_then",
            timelines::a_program_that_the_reader_stops_is_drawn_until_then,
        ),
        (
            "the_playground_has_both_loops_and_keeps_every_edit",
            timelines::the_playground_has_both_loops_and_keeps_every_edit,
        ),
        ("the_playground_fits_a_phone_in_the_dark", timelines::the_playground_fits_a_phone_in_the_dark),
        (
            "from_elsewhere_the_playground_says_what_it_needs",
            timelines::from_elsewhere_the_playground_says_what_it_needs,
        ),
        ("exercises_are_answered_checked_and_solved", exercises::exercises_are_answered_checked_and_solved),
        ("a_page_is_used_by_keyboard", access::a_page_is_used_by_keyboard),
        (
            "tables_keep_their_names_on_a_phone_and_their_columns_on_paper",
            access::tables_keep_their_names_on_a_phone_and_their_columns_on_paper,
        ),
        ("a_page_does_not_jump_while_it_opens", access::a_page_does_not_jump_while_it_opens),
    ];
    let mut trials: Vec<_> = tests
        .into_iter()
        .chain(figures::TESTS)
        .chain(whole::TESTS)
        .chain(guesses::TESTS)
        .chain(search::TESTS)
        .chain(output::TESTS)
        .chain(python::TESTS)
        .map(|(name, test)| (name, test, skipped))
        .chain(output::MEASURED.map(|(name, test)| (name, test, true)))
        .map(|(name, test, ignored)| {
            Trial::test(name, move || test().map_err(|error| Failed::from(format!("{error:?}"))))
                .with_ignored_flag(ignored)
        })
        .chain([axe])
        .collect();
    // By name those do not stand together that wait for the same server.
    trials.sort_by(|one, other| one.name().cmp(other.name()));
    let conclusion = libtest_mimic::run(&args, trials);
    site::stop();
    conclusion.exit_code()
}
