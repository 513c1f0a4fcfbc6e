//! The exercises of a chapter as a part of its page: whole without the program, which brings it to life.
//!
//! `book/theme/exercises.js` lets a served page check, save and count in the same elements.

use std::fmt::Write;

use anyhow::Result;

use super::catalog::{Catalog, Chapter, Exercise, Kind};

/// Said where nobody checks; a served page hides it.
const HOW: &str = "On the page that `cargo run` opens you edit and check your programs here; `cargo run -- exercises` lists the exercises in a terminal.";

/// The section in mdBook's Markdown; `number` is the chapter's, with a dot at its end, or nothing.
///
/// Choice: hints, answers and solutions are in the page, each folded by itself.
/// Who reads without the program has nothing else to compare with; who has it sees a hint or a solution only when it asks, because the page hides them there.
pub fn markdown(catalog: &Catalog, chapter: &Chapter, number: &str) -> Result<String> {
    let mut text = format!(
        "\n\n<section class=\"exercises\" aria-label=\"Exercises\">\n\n## Exercises {{#exercises}}\n\n<div class=\"ex-how\">\n\n{HOW}\n\n</div>\n"
    );
    for (i, exercise) in (1..).zip(&chapter.exercises) {
        add(&mut text, catalog, exercise, &format!("{number}{i}"))?;
    }
    text.push_str("\n</section>\n");
    Ok(text)
}

fn add(text: &mut String, catalog: &Catalog, exercise: &Exercise, number: &str) -> Result<()> {
    let Exercise { name, title, kind, minutes, .. } = exercise;
    let from = if exercise.from_python { ", from Python" } else { "" };
    let task = catalog.task(exercise)?;
    let starter = block(&catalog.starter(exercise)?);
    let choices = choices(exercise);
    let kind = kind.name();
    write!(
        text,
        "
<details class=\"exercise\" name=\"exercise\" data-name=\"{name}\" data-kind=\"{kind}\">
<summary><h3 id=\"exercise-{name}\">{number} {}</h3> <span class=\"ex-facts\">{kind}, {minutes} minutes{from}</span></summary>
<div class=\"ex-task\">

{}

</div>
<div class=\"ex-program\">

{starter}

</div>
{choices}
<p class=\"ex-read\">Where to read: <a href=\"{}\">{}</a></p>
<div class=\"ex-answers\">
",
        escape(title),
        task.trim(),
        exercise.read,
        escape(&exercise.read_title),
    )?;
    let all = exercise.hints.len();
    for (i, hint) in (1..).zip(&exercise.hints) {
        fold(text, "ex-hint", &format!("Hint {i} of {all}"), hint)?;
    }
    let (summary, answer) = match exercise.kind {
        Kind::Predict => ("The answer: look when you have yours", answer(exercise)),
        Kind::Repair | Kind::Build => ("A solution: look when yours is done", block(&catalog.solution(exercise)?)),
    };
    let explanation =
        format!("{answer}\n\n<div class=\"ex-explanation\">\n\n{}\n\n</div>\n", exercise.explanation.trim());
    fold(text, "ex-solution", summary, &explanation)?;
    text.push_str("</div>\n</details>\n");
    Ok(())
}

/// What is not to be seen at once.
fn fold(text: &mut String, class: &str, summary: &str, inner: &str) -> Result<()> {
    let inner = inner.trim();
    write!(text, "<details class=\"ex-more {class}\"><summary>{summary}</summary>\n\n{inner}\n\n</details>\n")?;
    Ok(())
}

/// A program that the page shows and does not run: to run one would answer what it prints.
fn block(program: &str) -> String {
    format!("````rust,ignore,source\n{}\n````", program.trim_end())
}

/// What there is to choose from; an empty line would end the element.
fn choices(exercise: &Exercise) -> String {
    if exercise.choices.is_empty() {
        return String::new();
    }
    let mut text = "<fieldset class=\"ex-choices\"><legend>What does it print?</legend>\n".to_owned();
    for choice in &exercise.choices {
        let (name, letter) = (&exercise.name, &choice.letter);
        let prints = escape(choice.text()).replace('\n', "&#10;");
        text.push_str(&format!(
            "<label class=\"ex-choice\"><input type=\"radio\" name=\"choice-{name}\" value=\"{letter}\"><span class=\"ex-letter\">{letter}</span><span class=\"ex-prints\">{prints}</span></label>\n"
        ));
    }
    text + "</fieldset>"
}

/// Which choice is right, and what is believed by whoever takes another one.
fn answer(exercise: &Exercise) -> String {
    let mut text = String::new();
    for choice in &exercise.choices {
        if choice.right {
            text.insert_str(0, &format!("It is **{}**.\n\n", choice.letter));
        } else if let Some(misconception) = &choice.misconception {
            text.push_str(&format!("- Not **{}**: {}\n", choice.letter, misconception.trim().replace('\n', "\n  ")));
        }
    }
    text
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
