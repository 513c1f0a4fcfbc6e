//! The requests of the page, after the guard has let them through.
//!
//! The page sends one JSON object; the answer is a stream of JSON objects, one on each line, of which the last has `done`: pieces of [`Output`](crate::supervisor::Output), at most one [`Timeline`](super::timeline::Timeline), and [`Done`].

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::stream;
use tokio::sync::{Notify, OwnedSemaphorePermit, mpsc};
use tokio::time::{sleep, timeout};

use serde::Deserialize;

use super::guard::{Refusal, STATUS, Said};
use super::{Done, Language, Runner, Script, Status, Wish, say};
use crate::supervisor::End;

/// What a program may be given on its command line.
const MAX_ARGS: usize = 16;
const MAX_ARG: usize = 256;

/// Lines that may wait for a slow reader before the program has to wait too.
const LINES_AHEAD: usize = 64;

/// What stopping and removing take beside the limits, on a busy machine.
const MARGIN: Duration = Duration::from_secs(10);

/// The body of `POST /run`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunRequest {
    /// The whole program, lines that the page hides included.
    code: String,
    #[serde(default)]
    language: Language,
    /// Whether to record what its loops do; a [`Timeline`] comes back before the end, unless the compiler refuses the program.
    #[serde(default)]
    timeline: bool,
}

/// The body of `POST /run-example`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleRequest {
    /// The name of a file in `examples/`, without its ending.
    name: String,
    #[serde(default)]
    language: Language,
    /// What follows `--` on cargo's command line.
    #[serde(default)]
    args: Vec<String>,
}

/// The body of `POST /stop`, which is for the reader who wants to see what came until then: a page that goes away stops its program,
/// too, and hears no more of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StopRequest {
    /// What the header [`RUN`] of the answer said.
    run: u64,
}

/// The header that numbers the runs.
const RUN: &str = "x-workbook-run";

/// The routes of the runner.
pub fn routes(runner: Arc<Runner>) -> Router {
    Router::new()
        .route("/run", post(run))
        .route("/run-example", post(run_example))
        .route("/stop", post(stop))
        .route(STATUS, get(status))
        .with_state(runner)
}

async fn status(State(runner): State<Arc<Runner>>) -> Json<Status> {
    Json(runner.status())
}

async fn run(
    State(runner): State<Arc<Runner>>,
    Said(RunRequest { code, language, timeline }): Said<RunRequest>,
) -> Result<Response, Refusal> {
    if let Language::Python = language {
        return run_python(runner, &code.clone(), Script::Code { code, timeline }).await;
    }
    let (compiler, problem) = {
        let known = runner.known();
        (known.compiler.clone(), known.status.problem.clone())
    };
    let Some(compiler) = compiler else {
        let text = problem.unwrap_or_else(|| {
            "the crates that programs use are still being compiled: try again in a minute".to_owned()
        });
        return refuse(StatusCode::SERVICE_UNAVAILABLE, &text);
    };
    let wish = Wish::Code { compiler, code, timeline };
    answer(runner, wish).await
}

async fn run_example(
    State(runner): State<Arc<Runner>>,
    Said(ExampleRequest { name, language, args }): Said<ExampleRequest>,
) -> Result<Response, Refusal> {
    if args.len() > MAX_ARGS || args.iter().any(|arg| arg.len() > MAX_ARG || arg.contains('\0')) {
        let text = format!("at most {MAX_ARGS} arguments of at most {MAX_ARG} bytes, please");
        return refuse(StatusCode::BAD_REQUEST, &text);
    }
    if let Language::Python = language {
        let Some(script) = runner.twin(&name) else {
            return refuse(StatusCode::NOT_FOUND, "there is no such twin");
        };
        let code = fs::read_to_string(&script).unwrap_or_default();
        return run_python(runner, &code, Script::Twin(script, args)).await;
    }
    // The name is looked up among those that cargo named, so it cannot lead elsewhere.
    let (program, none, problem) = {
        let known = runner.known();
        (known.examples.get(&name).cloned(), known.examples.is_empty(), known.status.problem.clone())
    };
    match program {
        Some(program) => answer(runner, Wish::Program(program, args)).await,
        None if none => {
            let waiting = "the examples are still being compiled: try again in a minute";
            refuse(StatusCode::SERVICE_UNAVAILABLE, problem.as_deref().unwrap_or(waiting))
        }
        None => refuse(StatusCode::NOT_FOUND, "there is no such example"),
    }
}

/// Runs a script with a Python that has what this code imports.
async fn run_python(runner: Arc<Runner>, code: &str, script: Script) -> Result<Response, Refusal> {
    match runner.python_for(code).await {
        Ok(python) => answer(runner, Wish::Python(python, script)).await,
        Err(missing) => refuse(StatusCode::SERVICE_UNAVAILABLE, &missing),
    }
}

/// Stops a run whose answer goes on until its end.
async fn stop(
    State(runner): State<Arc<Runner>>,
    Said(StopRequest { run }): Said<StopRequest>,
) -> Result<StatusCode, Refusal> {
    if runner.end(run) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        refuse(StatusCode::NOT_FOUND, "that program does not run any more")
    }
}

fn refuse<T>(status: StatusCode, text: &str) -> Result<T, Refusal> {
    Err((status, format!("{text}\n")))
}

/// Starts the run and answers with the stream of what it prints.
async fn answer(runner: Arc<Runner>, wish: Wish) -> Result<Response, Refusal> {
    let Some(turn) = runner.turn().await else {
        return refuse(StatusCode::CONFLICT, "another program is running: stop it, or wait for its end");
    };
    let (lines, received) = mpsc::channel(LINES_AHEAD);
    let (number, order) = runner.begin();
    tokio::spawn(run_to_end(runner, wish, lines, turn, order));
    let body = stream::unfold(received, async |mut received: mpsc::Receiver<Bytes>| {
        let line = received.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(line), received))
    });
    let kind = [(CONTENT_TYPE, "application/x-ndjson")];
    let number = [(HeaderName::from_static(RUN), HeaderValue::from(number))];
    Ok((kind, number, Body::from_stream(body)).into_response())
}

/// Holds the turn until nothing of the run is left, whoever ends it.
async fn run_to_end(
    runner: Arc<Runner>,
    wish: Wish,
    lines: mpsc::Sender<Bytes>,
    turn: OwnedSemaphorePermit,
    order: Arc<Notify>,
) {
    let mut supervisor = match runner.spare.take() {
        Ok(supervisor) => supervisor,
        Err(error) => {
            say(&lines, &broken(&error)).await;
            return;
        }
    };
    supervisor.stop_on(order.clone());
    // Otherwise a reader who never reads would keep the turn.
    let longest = runner.compiler_limits.wall() * 2 + runner.limits.wall() + MARGIN;
    let mut ending = runner.ending.subscribe();
    {
        let work = async {
            let done = runner.run(&wish, &mut supervisor, &lines).await;
            say(&lines, &done.unwrap_or_else(|error| broken(&error))).await;
        };
        tokio::pin!(work);
        let given_up = tokio::select! {
            () = &mut work => false,
            () = lines.closed() => true,
            _ = ending.wait_for(|ending| *ending) => true,
            () = sleep(longest) => true,
        };
        if given_up {
            // The compiler's folder may go when nothing writes there any more.
            order.notify_one();
            let _ = timeout(MARGIN, work).await;
        }
    }
    supervisor.stop().await;
    drop(turn);
    if !*runner.ending.borrow() {
        runner.spare.refill();
    }
}

/// The end of a run that failed for a reason of ours.
fn broken(error: &anyhow::Error) -> Done {
    let end = End { message: Some(format!("the workbook failed: {error:#}")), ..End::default() };
    Done::of(end, 0)
}
