//! The exercises for the page: a router to be mounted behind the server's middleware.
//!
//! The files on disk stay the truth: a page that saves names the version that it began with, and is refused if an editor has saved another one meanwhile.

use std::sync::Arc;

use anyhow::Result;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::catalog::{Catalog, Exercise, Kind};
use super::files::{self, content_hash};
use super::queue::{Queue, WAITING};
use super::work::Work;
use super::{Exercises, entry};
use crate::run::guard::Said;

/// What the handlers share.
struct Site {
    exercises: Arc<Exercises>,
    queue: Arc<Queue>,
}

/// The routes below `/exercises`; whoever mounts them decides who may ask.
pub fn router(exercises: Arc<Exercises>, queue: Arc<Queue>) -> Router {
    Router::new()
        .route("/exercises", get(list))
        .route("/exercises/{name}", get(show).post(save))
        .route("/exercises/{name}/check", post(check))
        .route("/exercises/{name}/hint", post(hint))
        .route("/exercises/{name}/reset", post(reset))
        .route("/exercises/{name}/answer", post(answer))
        // Insisting is noted, so it is no GET, which any other page could cause.
        .route("/exercises/{name}/solution", get(solution).post(insist))
        .with_state(Arc::new(Site { exercises, queue }))
}

/// What has nothing to say beside its path.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// What a page saves.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Save {
    text: String,
    /// The hash of the text that the page began with.
    hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    letter: String,
}

/// Asks for a solution before the exercise is solved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Insist {
    confirm: bool,
}

async fn list(State(site): State<Arc<Site>>) -> Response {
    respond(site, |site| {
        let catalog = site.exercises.catalog()?;
        Ok(Json(site.exercises.list(&catalog)?).into_response())
    })
    .await
}

async fn show(site: State<Arc<Site>>, name: Path<String>) -> Response {
    with_exercise(site, name, |site, catalog, exercise| {
        Ok(Json(description(&site.exercises, catalog, exercise)?).into_response())
    })
    .await
}

/// What the page does not say by itself of an exercise: what the reader has made of it.
fn description(exercises: &Exercises, catalog: &Catalog, exercise: &Exercise) -> Result<Value> {
    let record = exercises.progress().read()?;
    let entry = entry(&record, exercise);
    let text = exercises.text(catalog, exercise)?;
    let answer = files::read(&exercises.work().answer_file(exercise)).ok();
    Ok(json!({
        "file": Work::shown(exercise), "hash": content_hash(&text), "text": text,
        "answer": answer.as_deref().map(str::trim),
        "hints": entry.hints.min(exercise.hints.len()),
        "state": exercises.state(catalog, exercise, &entry),
    }))
}

async fn save(site: State<Arc<Site>>, name: Path<String>, Said(save): Said<Save>) -> Response {
    with_exercise(site, name, move |site, catalog, exercise| {
        let file = site.exercises.work().file(exercise);
        let now = site.exercises.text(catalog, exercise)?;
        let hash = content_hash(&now);
        if hash != save.hash && now != save.text {
            let conflict = json!({
                "error": format!("{} was changed outside of this page", Work::shown(exercise)),
                "text": now, "hash": hash,
            });
            return Ok((StatusCode::CONFLICT, Json(conflict)).into_response());
        }
        if now != save.text {
            files::write(&file, &save.text)?;
        }
        Ok(Json(json!({ "hash": content_hash(&save.text) })).into_response())
    })
    .await
}

/// Checks an exercise; a page that does not wait for the answer any more stops that.
async fn check(State(site): State<Arc<Site>>, Path(name): Path<String>, _: Said<Nothing>) -> Response {
    let catalog = match site.exercises.catalog() {
        Ok(catalog) => catalog,
        Err(error) => return failed(&error),
    };
    let exercise = match catalog.find(&name) {
        Ok(exercise) => exercise,
        Err(error) => return refuse(StatusCode::NOT_FOUND, &error.to_string()),
    };
    if exercise.kind == Kind::Predict {
        return refuse(StatusCode::BAD_REQUEST, "this exercise asks for an answer, not for a program");
    }
    let Some(place) = site.queue.place() else {
        let why = format!("{WAITING} checks are waiting already: wait for one to end, or stop one");
        return refuse(StatusCode::SERVICE_UNAVAILABLE, &why);
    };
    match site.queue.check(&name, &place).await {
        Ok(Some(outcome)) => Json(json!({ "outcome": outcome })).into_response(),
        Ok(None) => refuse(StatusCode::SERVICE_UNAVAILABLE, "the check was stopped"),
        Err(error) => failed(&error),
    }
}

async fn hint(site: State<Arc<Site>>, name: Path<String>, _: Said<Nothing>) -> Response {
    with_exercise(site, name, |site, _, exercise| {
        let (number, hint) = site.exercises.hint(exercise)?;
        let answer = json!({ "number": number, "of": exercise.hints.len(), "hint": hint });
        Ok(Json(answer).into_response())
    })
    .await
}

async fn reset(site: State<Arc<Site>>, name: Path<String>, _: Said<Nothing>) -> Response {
    with_exercise(site, name, |site, catalog, exercise| {
        let kept = site.exercises.reset(catalog, exercise)?;
        let kept = kept.as_deref().and_then(std::path::Path::file_name);
        let mut answer = description(&site.exercises, catalog, exercise)?;
        answer["kept"] = json!(kept.map(|name| name.to_string_lossy()));
        Ok(Json(answer).into_response())
    })
    .await
}

async fn answer(site: State<Arc<Site>>, name: Path<String>, Said(Answer { letter }): Said<Answer>) -> Response {
    with_exercise(site, name, move |site, _, exercise| match site.exercises.answer(exercise, &letter) {
        Ok(verdict) => Ok(Json(verdict).into_response()),
        Err(error) => Ok(refuse(StatusCode::BAD_REQUEST, &error.to_string())),
    })
    .await
}

async fn solution(site: State<Arc<Site>>, name: Path<String>) -> Response {
    give_solution(site, name, false).await
}

async fn insist(site: State<Arc<Site>>, name: Path<String>, Said(Insist { confirm }): Said<Insist>) -> Response {
    give_solution(site, name, confirm).await
}

async fn give_solution(site: State<Arc<Site>>, name: Path<String>, insist: bool) -> Response {
    with_exercise(site, name, move |site, catalog, exercise| {
        match site.exercises.solution(catalog, exercise, insist)? {
            Some(solution) => Ok(Json(json!({ "solution": solution })).into_response()),
            None => Ok(refuse(
                StatusCode::FORBIDDEN,
                "the exercise is not solved yet: to see the solution nevertheless, confirm it",
            )),
        }
    })
    .await
}

/// Does the work for one exercise; an unknown name is 404.
async fn with_exercise(
    State(site): State<Arc<Site>>,
    Path(name): Path<String>,
    work: impl FnOnce(&Site, &Catalog, &Exercise) -> Result<Response> + Send + 'static,
) -> Response {
    respond(site, move |site| {
        let catalog = site.exercises.catalog()?;
        match catalog.find(&name) {
            Ok(exercise) => work(site, &catalog, exercise),
            Err(error) => Ok(refuse(StatusCode::NOT_FOUND, &error.to_string())),
        }
    })
    .await
}

/// Does what waits for files beside the threads that answer.
async fn respond(site: Arc<Site>, work: impl FnOnce(&Site) -> Result<Response> + Send + 'static) -> Response {
    let done = tokio::task::spawn_blocking(move || work(&site)).await;
    match done.map_err(anyhow::Error::from).and_then(|done| done) {
        Ok(response) => response,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> Response {
    refuse(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error:#}"))
}

fn refuse(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}
