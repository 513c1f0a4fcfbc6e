//! The commands of the exercises.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{Exercises, Places, terminal, watch};
use crate::programs::cargo;
use crate::supervisor::limits::{Limits, parse_limits};

/// One command with its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the exercises and how far you are with them
    Exercises(FolderArgs),
    /// Check one exercise
    Check(NameArgs),
    /// Check an exercise each time you save it, then go on to the next
    Watch(FolderArgs),
    /// Show the next hint for an exercise
    Hint(NameArgs),
    /// Put an exercise back to how it was at first; your version is kept beside it
    Reset(NameArgs),
    /// Show a solution
    Solution(SolutionArgs),
    /// Answer an exercise that asks what a program prints
    Answer(AnswerArgs),
    /// Show the progress
    Progress(ProgressArgs),
}

#[derive(Debug, Args)]
pub struct FolderArgs {
    /// The folder with your files, if it is not this project's work/
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,

    /// The folder with the authors' files, for tests
    #[arg(long, value_name = "DIR", hide = true)]
    exercises: Option<PathBuf>,

    /// The limits of the compiler as JSON, for tests
    #[arg(long, value_name = "JSON", value_parser = parse_limits, hide = true)]
    compiler_limits: Option<Limits>,
}

#[derive(Debug, Args)]
pub struct NameArgs {
    #[command(flatten)]
    folder: FolderArgs,

    /// The exercise's name, as the list has it
    name: String,
}

#[derive(Debug, Args)]
pub struct SolutionArgs {
    #[command(flatten)]
    exercise: NameArgs,

    /// Show it although the exercise is not solved
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub struct AnswerArgs {
    #[command(flatten)]
    exercise: NameArgs,

    /// The letter of the choice
    letter: String,
}

#[derive(Debug, Args)]
pub struct ProgressArgs {
    #[command(flatten)]
    folder: FolderArgs,

    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

impl Command {
    /// Does what was asked for.
    pub fn run(self) -> Result<()> {
        let open = |folder: FolderArgs| {
            let limits = folder.compiler_limits.unwrap_or_else(Limits::compiler);
            let mut places = Places::of(&cargo::workspace());
            places.work = folder.work.unwrap_or(places.work);
            places.exercises = folder.exercises.unwrap_or(places.exercises);
            Exercises::new(places, limits)
        };
        match self {
            Command::Exercises(folder) => terminal::list(&open(folder)),
            Command::Check(args) => terminal::check(&open(args.folder), &args.name),
            Command::Watch(folder) => watch::watch(&open(folder)),
            Command::Hint(args) => terminal::hint(&open(args.folder), &args.name),
            Command::Reset(args) => terminal::reset(&open(args.folder), &args.name),
            Command::Solution(SolutionArgs { exercise, yes }) => {
                terminal::solution(&open(exercise.folder), &exercise.name, yes)
            }
            Command::Answer(AnswerArgs { exercise, letter }) => {
                terminal::answer(&open(exercise.folder), &exercise.name, &letter)
            }
            Command::Progress(args) => terminal::print_progress(&open(args.folder), args.json),
        }
    }
}
