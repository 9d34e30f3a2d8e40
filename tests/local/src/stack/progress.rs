//! What the stack says while it starts.

use std::io::{IsTerminal, Write};
use std::time::Instant;

/// Whether the stack says what it is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Progress {
    /// Nothing but what goes wrong.
    #[default]
    Quiet,
    /// Each stage on standard error, and how long it took.
    Print,
}

/// A stage that has begun.
#[derive(Debug)]
pub struct Stage {
    progress: Progress,
    text: String,
    since: Instant,
}

impl Progress {
    /// Says that a stage begins; `chatty` when it prints by itself.
    pub fn begin(self, text: &str, chatty: bool) -> Stage {
        // On a terminal the time is added to the line; elsewhere, and after other output, the line is written whole.
        if self == Self::Print && (chatty || on_one_line()) {
            eprint!("{text} ...{}", if chatty { "\n" } else { " " });
            let _ = std::io::stderr().flush();
        }
        let text = if chatty || !on_one_line() { format!("{text} ... ") } else { String::new() };
        Stage { progress: self, text, since: Instant::now() }
    }
}

impl Stage {
    /// Says how long it took.
    pub fn done(self) {
        if self.progress == Progress::Print {
            eprintln!("{}{:.1} s", self.text, self.since.elapsed().as_secs_f64());
        }
    }
}

fn on_one_line() -> bool {
    std::io::stderr().is_terminal()
}
