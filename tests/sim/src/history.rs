//! What happened, in order. Two runs of a seed have the same history.

use std::time::Duration;

/// The lines of a history.
#[derive(Debug, Default)]
pub struct History {
    lines: Vec<String>,
}

impl History {
    /// Adds what `who` did at this time.
    pub fn add(&mut self, at: Duration, who: &str, what: &str) {
        self.lines.push(format!("{:>10.3} {who:<8} {what}", at.as_secs_f64()));
    }

    /// All lines.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}
