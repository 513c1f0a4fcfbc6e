//! The Python that runs the Python programs of the book.

use std::env;
use std::path::Path;
use std::process::Command;

use super::program::run_now;
use crate::supervisor::Job;
use crate::supervisor::limits::Limits;

/// A Python that is new enough.
#[derive(Clone, Debug)]
pub struct Python {
    program: String,
    /// The file itself: the name may stand for a script that looks for it, and needs more than a program gets.
    executable: String,
    /// Those of [`modules`] that it does not have.
    missing: Vec<String>,
}

/// What Python is told of everything.
const SETTINGS: [(&str, &str); 2] = [("PYTHONUTF8", "1"), ("PYTHONDONTWRITEBYTECODE", "1")];

/// Names each module beside the standard library that a program of the book may import.
const REQUIREMENTS: &str = include_str!("../../../../requirements.txt");

/// Prints those of its arguments that cannot be imported, one to a line.
const NAME_MISSING: &str = "
import importlib.util, sys
for name in sys.argv[1:]:
    if importlib.util.find_spec(name) is None:
        print(name)
";

/// Prints where Python is, and fails if it lacks `asyncio.TaskGroup`.
const IS_NEW_ENOUGH: &str = "import sys; print(sys.executable); sys.exit(sys.version_info < (3, 11))";

impl Python {
    /// Finds Python 3.11 or later: the environment variable `PYTHON`, or what the system has; the error says why there is none.
    pub fn find() -> Result<Python, String> {
        let wanted = env::var("PYTHON").ok();
        let names = match &wanted {
            Some(name) => vec![name.as_str()],
            // On Windows the first two are often mere signs to a shop, which fail.
            None if cfg!(windows) => vec!["python3", "python", "py"],
            None => vec!["python3", "python"],
        };
        for name in &names {
            let mut command = Command::new(name);
            command.args(["-c", IS_NEW_ENOUGH]);
            if let Ok(asked) = run_now(&command)
                && asked.end.ok()
            {
                let executable = asked.stdout.trim().to_owned();
                return Ok(Python { program: (*name).to_owned(), executable, missing: missing(name, modules())? });
            }
        }
        Err(format!(
            "no Python 3.11 or later ({} tried): install it, or name it in the environment variable PYTHON",
            names.join(", ")
        ))
    }

    /// Says which module a program imports that this Python lacks; `None` if it has all of them.
    pub fn lacks(&self, source: &str) -> Option<String> {
        let imported = |name: &&String| source.lines().any(|line| imports(line, name));
        let name = self.missing.iter().find(imported)?;
        Some(format!("{} has no module {name}: pip install -r requirements.txt", self.program))
    }

    /// Whether a program that imports this gets a module.
    pub fn has_module(&self, name: &str) -> Result<bool, String> {
        Ok(missing(&self.program, [name])?.is_empty())
    }

    /// Such a command that does without `PATH`.
    pub fn command_by_path(&self) -> Command {
        let mut command = Command::new(&self.executable);
        command.envs(SETTINGS);
        command
    }

    /// A command that runs Python with the same text encoding everywhere.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.envs(SETTINGS);
        command
    }

    /// A job for a page, which shows lines as they are printed; the program may import the modules of that folder.
    pub fn job(&self, args: Vec<String>, modules: &Path, folder: &Path, limits: Limits) -> Job {
        let mut job = Job { args, private: true, ..Job::new((&self.executable).into(), folder, limits) };
        let settings = SETTINGS.iter().chain([&("PYTHONUNBUFFERED", "1")]);
        job.environment.extend(settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        job.environment.push(("PYTHONPATH".to_owned(), modules.display().to_string()));
        job
    }
}

/// The names in [`REQUIREMENTS`], without versions and conditions.
fn modules() -> impl Iterator<Item = &'static str> {
    let lines = REQUIREMENTS.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some(line.split_once("==")?.0))
}

fn missing<'a>(python: &str, modules: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, String> {
    let mut command = Command::new(python);
    command.args(["-c", NAME_MISSING]).args(modules);
    let end = run_now(&command).map_err(|error| format!("{error:#}"))?;
    if !end.end.ok() {
        return Err(format!("{python} cannot look for modules: {}", end.stderr));
    }
    Ok(end.stdout.lines().map(str::to_owned).collect())
}

/// Tells whether a line imports a module or something of it.
fn imports(line: &str, module: &str) -> bool {
    let line = line.trim_start();
    let names = match (line.strip_prefix("import "), line.strip_prefix("from ")) {
        (Some(names), _) => names,
        (_, Some(rest)) => rest.split(" import ").next().unwrap_or_default(),
        _ => return false,
    };
    let mut names = names.split(',').map(str::trim);
    names.any(|name| name.split([' ', '.']).next() == Some(module))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_name_modules() {
        let names: Vec<_> = modules().collect();
        assert_eq!(names, ["gevent", "greenlet", "redis", "uvloop"]);
    }

    #[test]
    fn imports_are_found_in_every_form() {
        let lines = [
            "import redis",
            "    import redis",
            "import asyncio, redis",
            "import redis as r",
            "import redis.asyncio",
            "from redis import Redis",
            "from redis.exceptions import ConnectionError",
            "import redis_jobs",
            "from jobs import redis",
            "print('import redis')",
            "redis.ping()",
        ];
        let found = lines.map(|line| imports(line, "redis"));
        let (imported, others) = found.split_at(7);
        assert_eq!(imported, [true; 7]);
        assert_eq!(others, [false; 4]);
    }

    #[test]
    fn a_missing_module_is_named_to_programs_that_import_it() {
        let [program, executable] = ["python3", "/usr/bin/python3"].map(str::to_owned);
        let python = Python { program, executable, missing: vec!["redis".to_owned()] };
        assert_eq!(
            python.lacks("import uvloop\nimport redis\n").as_deref(),
            Some("python3 has no module redis: pip install -r requirements.txt")
        );
        assert_eq!(python.lacks("import uvloop\n"), None);
    }
}
