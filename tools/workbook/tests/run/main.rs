//! Running a reader's program, over a real socket: who is heard, what stops a program, and what is left of it.
//!
//! All but a few of these share one server, which runs one program at a time; that is why this test has a `main` of its own.

#[cfg(target_os = "linux")]
mod browser;
#[cfg(target_os = "linux")]
mod endings;
#[cfg(target_os = "linux")]
#[path = "../fence/mod.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod fence;
#[cfg(target_os = "linux")]
mod gate;
#[cfg(target_os = "linux")]
#[path = "../lines/mod.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod lines;
#[cfg(target_os = "linux")]
mod programs;
#[cfg(target_os = "linux")]
mod python;
#[cfg(target_os = "linux")]
mod request;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod timelines;
#[cfg(target_os = "linux")]
mod timelines_on_tokio;

/// The limits are all there on Linux only.
#[cfg(not(target_os = "linux"))]
fn main() {
    println!("running programs is tested on Linux only");
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    linux::main()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::process::ExitCode;
    use std::sync::{Arc, Mutex, OnceLock, PoisonError};

    use libtest_mimic::{Arguments, Trial};

    use crate::server::Server;
    use crate::{browser, endings, gate, programs, python, request, timelines, timelines_on_tokio};

    /// The server that most tests share; it starts with the first of them.
    type Shared = Arc<OnceLock<Mutex<Server>>>;

    macro_rules! named {
        ($($module:ident: $($test:ident),+);+ $(;)?) => {
            [$($((stringify!($test), $module::$test as fn(&Server))),+),+]
        };
    }

    pub fn main() -> ExitCode {
        // Looking for Python needs a supervisor, which is this program.
        if let Some(code) = workbook::supervisor::take_part() {
            return code;
        }
        let args = Arguments::from_args();
        let shared = Shared::default();
        let mut trials: Vec<Trial> = named! {
            gate: only_this_host_is_answered, only_pages_of_this_origin_may_post,
                a_fetch_from_another_site_is_refused, the_token_is_required,
                the_token_is_in_no_answer, every_answer_has_the_headers, only_the_loopback_address_is_listened_on;
            request: only_json_is_read, a_body_of_more_than_64_kib_is_refused,
                a_body_that_says_something_else_is_refused, other_methods_are_refused;
            programs: output_comes_back_as_it_was_printed, an_exit_status_and_a_panic_are_told,
                crates_of_the_book_can_be_used,
                what_cannot_be_linked_with_the_shared_library_is_linked_otherwise, a_refused_program_is_explained,
                a_program_without_main_keeps_its_lines, a_program_sees_nothing_of_its_reader, a_program_yields_to_the_page,
                an_example_runs_with_arguments, the_same_program_is_compiled_once,
                a_second_program_hears_of_the_first,
                processor_time_is_limited, memory_in_use_is_limited, addresses_are_limited,
                memory_of_all_processes_counts_together, the_number_of_processes_is_limited,
                output_is_limited, the_size_of_a_file_is_limited, the_compiler_is_limited_too,
                a_compiler_that_says_too_much_is_quoted_in_its_own_words;
            python: a_python_program_runs_as_one_in_rust_does, a_python_program_meets_the_same_limits,
                a_python_program_that_its_reader_leaves_is_gone, a_twin_runs_with_arguments,
                a_python_program_comes_with_its_timeline, only_two_languages_are_known;
            timelines: a_run_comes_with_the_timeline_of_its_loop, every_loop_of_a_run_is_shown,
                nothing_comes_unasked, a_program_without_a_loop_has_no_timeline,
                a_program_that_observes_its_loop_itself_goes_on_doing_so,
                what_names_say_stays_text, a_run_that_is_too_long_is_refused_in_a_sentence,
                a_program_that_panics_or_exits_is_shown_until_then, a_program_that_is_stopped_is_shown_until_then,
                a_program_that_its_reader_stops_is_shown_until_then,
                what_is_stopped_while_it_is_compiled_has_no_timeline,
                what_cannot_be_recorded_runs_without, a_program_that_is_refused_has_no_timeline,
                only_the_program_itself_is_recorded, what_a_program_writes_into_its_record_is_no_markup,
                what_is_no_file_in_the_place_of_a_record_is_no_record,
                a_record_stays_within_the_limit_of_files;
            timelines_on_tokio: tasks_of_tokio_are_shown_with_their_functions_names, simulated_time_of_tokio_is_shown_as_such,
                what_a_task_of_tokio_waits_for_is_told, the_ends_of_tokios_tasks_are_told_apart,
                a_task_that_begins_says_where_it_was_made;
            endings: a_process_that_escapes_ends_with_its_program,
                a_process_that_escapes_is_stopped_with_its_program,
                a_client_that_goes_away_takes_its_program_along,
                a_client_that_goes_away_stops_the_compiler,
                a_program_that_kills_or_stops_its_supervisor_is_ended,
                a_program_that_holds_the_pipe_of_its_supervisor_is_stopped;
        }
        .into_iter()
        .map(|(name, test)| with_server(&shared, name, test))
        .collect();
        let alone: Vec<(&str, fn())> = vec![
            ("time_is_limited", programs::time_is_limited),
            ("what_python_lacks_is_named", python::what_python_lacks_is_named),
            (
                "a_program_that_doubles_is_ended_and_the_page_answers_meanwhile",
                endings::a_program_that_doubles_is_ended_and_the_page_answers_meanwhile,
            ),
            (
                "examples_can_be_run_before_all_programs_are_compiled",
                programs::examples_can_be_run_before_all_programs_are_compiled,
            ),
            (
                "a_named_origin_is_as_good_as_its_own_and_no_other",
                gate::a_named_origin_is_as_good_as_its_own_and_no_other,
            ),
            ("without_cargo_the_page_says_what_to_do", programs::without_cargo_the_page_says_what_to_do),
            ("ctrl_c_stops_the_program_that_runs", endings::ctrl_c_stops_the_program_that_runs),
            ("a_server_that_is_killed_leaves_no_process", endings::a_server_that_is_killed_leaves_no_process),
            (
                "the_browser_gets_the_secret_in_a_file_of_its_own",
                browser::the_browser_gets_the_secret_in_a_file_of_its_own,
            ),
            ("two_starts_have_two_secrets", browser::two_starts_have_two_secrets),
        ];
        trials.extend(alone.into_iter().map(|(name, test)| {
            Trial::test(name, move || {
                test();
                Ok(())
            })
        }));
        let conclusion = libtest_mimic::run(&args, trials);
        // The server ends here, not when the process does.
        drop(shared);
        conclusion.exit_code()
    }

    fn with_server(shared: &Shared, name: &str, test: fn(&Server)) -> Trial {
        let shared = shared.clone();
        Trial::test(name, move || {
            let server = shared.get_or_init(|| Mutex::new(Server::start()));
            // One test that failed must not fail the others.
            test(&server.lock().unwrap_or_else(PoisonError::into_inner));
            Ok(())
        })
    }
}
