//! Jobs in a real Redis server: none is lost, whoever dies, and no server is left behind.
//!
//! The workers are processes, and each is this same program in another role; that is why it has a `main` of its own.

#[path = "../../jobs/mod.rs"]
#[allow(dead_code, reason = "the example uses all of it")]
mod jobs;

mod chaos;
mod contract;
mod endings;

use std::env;
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["worker", url, holds_at] => chaos::worker(url, holds_at),
        ["holder", ending] => endings::holder(ending),
        _ => tests(),
    }
}

fn tests() -> ExitCode {
    let with_server: [(&str, fn()); 7] = [
        (
            "ten_workers_lose_none_of_ten_thousand_jobs",
            chaos::ten_workers_lose_none_of_ten_thousand_jobs,
        ),
        (
            "a_server_ends_with_its_program",
            endings::a_server_ends_with_its_program,
        ),
        (
            "a_server_ends_with_its_value",
            endings::a_server_ends_with_its_value,
        ),
        ("redis_keeps_the_contract", contract::redis_keeps_it),
        (
            "a_worker_outlives_a_restart",
            contract::a_worker_outlives_a_restart,
        ),
        (
            "a_given_server_is_left_as_it_was",
            contract::a_given_server_is_left_as_it_was,
        ),
        (
            "a_server_that_wants_a_password_is_named",
            contract::a_server_that_wants_a_password_is_named,
        ),
    ];
    let without: [(&str, fn()); 3] = [
        (
            "a_queue_in_the_process_keeps_the_contract",
            contract::a_queue_in_the_process_keeps_it,
        ),
        ("orders_are_read", contract::orders_are_read),
        (
            "wrong_addresses_are_named",
            contract::wrong_addresses_are_named,
        ),
    ];
    let server = Command::new("redis-server").arg("--version").output();
    let lacks_server = server.is_err();
    if lacks_server {
        eprintln!(
            "note: something is skipped: there is no redis-server: apt-get install redis-server"
        );
    }
    let all_required = env::var_os("WORKBOOK_REQUIRE_ALL").is_some();
    let mut trials: Vec<Trial> = without.into_iter().map(trial).collect();
    trials.extend(with_server.into_iter().map(|test| {
        let (name, _) = test;
        match (lacks_server, all_required) {
            (false, _) => trial(test),
            (true, false) => trial(test).with_ignored_flag(true),
            (true, true) => Trial::test(name, || {
                Err(Failed::from(
                    "there is no redis-server: apt-get install redis-server",
                ))
            }),
        }
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial((name, test): (&'static str, fn())) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}
