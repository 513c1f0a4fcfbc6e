//! The program of the chapter on runtimes, on every engine.

#[path = "../engines/mod.rs"]
mod engines;

use std::thread;

use engines::{Answer, CurrentThread, Engine, MultiThread, Ours, Smol, program};

const TASKS: u64 = 1_000;

/// Runs the program, checks what every engine owes it, and tells who ran the tasks.
#[track_caller]
fn run<E: Engine>(engine: E) -> Answer {
    let answer = engine.run(program(engine, TASKS));
    assert_eq!(answer.numbers, TASKS as usize, "{}", E::NAME);
    assert_eq!(answer.sum, TASKS * (TASKS - 1) / 2, "{}", E::NAME);
    answer
}

#[test]
fn an_engine_without_threads_runs_the_tasks_where_it_runs() {
    let here = [thread::current().id()].into();
    assert_eq!(run(Ours).threads, here);
    assert_eq!(run(CurrentThread).threads, here);
}

#[test]
fn an_engine_with_threads_runs_the_tasks_on_them_alone() {
    let here = thread::current().id();
    let tokio = run(MultiThread).threads;
    assert!(!tokio.contains(&here) && (1..=2).contains(&tokio.len()));
    let smol = run(Smol).threads;
    assert!(!smol.contains(&here) && smol.len() == 1);
}
