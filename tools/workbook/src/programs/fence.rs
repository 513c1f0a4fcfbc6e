//! The closed list of code blocks that a chapter may contain.

/// What a fenced block is, told by the words after its backticks.
///
/// `CONTRIBUTING.md` explains each kind to authors; the two lists are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fence {
    /// A whole program that ends with exit status 0.
    Rust,
    /// A whole program that panics.
    RustPanics,
    /// A program that the compiler refuses with this code, or, if `None`, with errors that carry no code.
    RustCompileFail(Option<String>),
    /// A whole program that makes the compiler warn with this lint.
    RustWarns(String),
    /// A part of the project's own source.
    RustSource,
    /// A whole program that ends with exit status 0.
    Python,
    /// A whole program that ends with an exception.
    PythonRaises,
    /// A Python twin from `examples/`.
    PythonSource,
    /// What the programs before it print.
    Output,
    /// What the program before it prints on standard error.
    Stderr,
    /// What the compiler says of the program before it.
    Compiler,
    /// What an example prints.
    Transcript,
    /// A drawing or pseudo code.
    Diagram,
    /// Commands to type.
    Console,
}

/// Class names that concern only the page and may follow any kind.
const PAGE_CLASSES: [&str; 1] = ["editable"];

impl Fence {
    /// Reads the words after the backticks, or says what is wrong with them.
    pub fn parse(info: &str) -> Result<Fence, String> {
        let words: Vec<&str> =
            info.split([',', ' ', '\t']).filter(|word| !word.is_empty() && !PAGE_CLASSES.contains(word)).collect();
        Ok(match words[..] {
            [] => {
                return Err("a code block without a label: say what it is, for example ```text,diagram".to_owned());
            }
            ["rust"] => Fence::Rust,
            ["rust", "should_panic"] => Fence::RustPanics,
            ["rust", "ignore", "compile_fail", "nocode"] => Fence::RustCompileFail(None),
            ["rust", "ignore", "compile_fail", code] if is_error_code(code) => {
                Fence::RustCompileFail(Some(code.to_owned()))
            }
            ["rust", "warns", lint] => Fence::RustWarns(lint.to_owned()),
            ["rust", "ignore", "source"] => Fence::RustSource,
            ["python"] => Fence::Python,
            ["python", "should_raise"] => Fence::PythonRaises,
            ["python", "source"] => Fence::PythonSource,
            ["text", "output"] => Fence::Output,
            ["text", "stderr"] => Fence::Stderr,
            ["text", "compiler"] => Fence::Compiler,
            ["text", "transcript"] => Fence::Transcript,
            ["text", "diagram"] => Fence::Diagram,
            ["console"] => Fence::Console,
            _ => {
                return Err(format!("unknown kind of code block ```{info}: use one of the table in CONTRIBUTING.md"));
            }
        })
    }

    /// Whether the block is a program that can be started.
    pub fn is_run(&self) -> bool {
        matches!(self, Fence::Rust | Fence::RustPanics | Fence::RustWarns(_) | Fence::Python | Fence::PythonRaises)
    }

    /// Whether the block is a program, be it one that must not compile.
    pub fn is_program(&self) -> bool {
        self.is_run() || matches!(self, Fence::RustCompileFail(_))
    }

    /// Whether the block holds Rust of any kind.
    pub fn is_rust(&self) -> bool {
        matches!(
            self,
            Fence::Rust | Fence::RustPanics | Fence::RustWarns(_) | Fence::RustCompileFail(_) | Fence::RustSource
        )
    }

    /// Whether the block must be one `{{#include …}}` line.
    pub fn is_include(&self) -> bool {
        matches!(self, Fence::RustSource | Fence::PythonSource | Fence::Transcript)
    }
}

fn is_error_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with('E') && word[1..].bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_classes_do_not_change_the_kind() {
        assert_eq!(Fence::parse("rust,editable"), Ok(Fence::Rust));
        assert_eq!(Fence::parse("rust,should_panic,editable"), Ok(Fence::RustPanics));
    }

    #[test]
    fn error_codes_are_an_e_and_four_digits() {
        assert_eq!(
            Fence::parse("rust,ignore,compile_fail,E0373"),
            Ok(Fence::RustCompileFail(Some("E0373".to_owned())))
        );
        for bad in ["E373", "e0373", "E0373x", "error"] {
            let info = format!("rust,ignore,compile_fail,{bad}");
            assert!(Fence::parse(&info).is_err(), "{info}");
        }
    }

    #[test]
    fn nothing_opts_out_of_being_checked() {
        for bad in [
            "",
            "text",
            "rust,ignore",
            "rust,no_run",
            "rust,compile_fail",
            "rust,skt-main",
            "sh",
            "py",
            "rust,noplayground",
        ] {
            assert!(Fence::parse(bad).is_err(), "```{bad}");
        }
    }
}
