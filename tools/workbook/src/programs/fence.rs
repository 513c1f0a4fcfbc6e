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

/// The class name of what is printed or said, and shown when the reader has guessed it; it concerns only the page, too.
const FOLDED: &str = "folded";

impl Fence {
    /// Reads the words after the backticks, or says what is wrong with them.
    pub fn parse(info: &str) -> Result<Fence, String> {
        let concerns_page = |word: &&str| PAGE_CLASSES.contains(word) || *word == FOLDED;
        let words: Vec<&str> = words(info).filter(|word| !concerns_page(word)).collect();
        let fence = match words[..] {
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
        };
        if is_folded(info) && fence.summary().is_none() {
            return Err(format!("```{info} cannot be folded: only what a program prints or the compiler says can"));
        }
        Ok(fence)
    }

    /// What a block of this kind is called where it is folded, if it can be.
    pub fn summary(&self) -> Option<&'static str> {
        Some(match self {
            Fence::Output => "Output",
            Fence::Transcript => "Output of the example",
            Fence::Stderr => "Standard error",
            Fence::Compiler => "The compiler says",
            _ => return None,
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

/// Whether a block with these words after its backticks is shown when the reader has guessed it.
pub fn is_folded(info: &str) -> bool {
    words(info).any(|word| word == FOLDED)
}

fn words(info: &str) -> impl Iterator<Item = &str> {
    info.split([',', ' ', '\t']).filter(|word| !word.is_empty())
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
    fn what_is_printed_or_said_can_be_folded_and_nothing_else() {
        assert_eq!(Fence::parse("text,output,folded"), Ok(Fence::Output));
        assert_eq!(Fence::parse("text,compiler,folded"), Ok(Fence::Compiler));
        for bad in ["rust,folded", "text,diagram,folded", "console,folded"] {
            assert!(Fence::parse(bad).is_err(), "{bad}");
        }
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
