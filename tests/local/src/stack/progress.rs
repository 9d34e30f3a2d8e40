//! The progress messages of a stack that starts.

use std::io::{IsTerminal, Write};
use std::time::Instant;

/// Whether the stack prints its progress.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Progress {
    /// Prints only errors.
    #[default]
    Quiet,
    /// Prints each stage and its duration on standard error.
    Print,
}

/// A running stage.
#[derive(Debug)]
pub struct Stage {
    progress: Progress,
    text: String,
    since: Instant,
}

impl Progress {
    /// Prints that a stage begins. `chatty` means that the stage prints its own output.
    pub fn begin(self, text: &str, chatty: bool) -> Stage {
        // On a terminal, the duration is added to the line. Elsewhere, and after other output, a complete line is
        // written.
        if self == Self::Print && (chatty || on_one_line()) {
            eprint!("{text} ...{}", if chatty { "\n" } else { " " });
            let _ = std::io::stderr().flush();
        }
        let text = if chatty || !on_one_line() { format!("{text} ... ") } else { String::new() };
        Stage { progress: self, text, since: Instant::now() }
    }
}

impl Stage {
    /// Prints the duration of the stage.
    pub fn done(self) {
        if self.progress == Progress::Print {
            eprintln!("{}{:.1} s", self.text, self.since.elapsed().as_secs_f64());
        }
    }
}

fn on_one_line() -> bool {
    std::io::stderr().is_terminal()
}
