//! What happened, counted for CloudWatch: facts in, lines in the embedded metric format out.
//!
//! A function notes facts while it works and writes them once, at the end of its invocation. A dimension has few values and
//! all of them are names in this code: an id, an address or a text can become none.

mod document;
mod fact;
mod metric;

use std::{
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use document::Gathered;
pub use fact::Fact;
pub use metric::{Dimension, Metric};

use crate::domain::Timestamp;

/// CloudWatch's name for where the metrics are.
pub const NAMESPACE: &str = "Tidings";

/// The facts of one invocation, until they are written.
#[derive(Debug)]
pub struct Metrics {
    stack: String,
    gathered: Mutex<Gathered>,
}

impl Metrics {
    /// The metrics of the stack of this name: two in one account must not be counted together.
    pub fn new(stack: String) -> Self {
        Self { stack, gathered: Mutex::default() }
    }

    /// Notes what happened.
    pub fn note(&self, fact: Fact) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        fact.points(|point| gathered.add(point));
    }

    /// Writes what was noted since the last time to standard output, one line a document. CloudWatch reads a line only
    /// where nothing stands around it, so it does not go through the log.
    pub fn flush(&self) {
        let gathered = std::mem::take(&mut *self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
        let documents = gathered.documents(&self.stack, Timestamp::now());
        let lines: String = documents.iter().map(|document| format!("{document}\n")).collect();
        // In one piece, so that no line of the log comes between. A count that cannot be written must end no delivery.
        if let Err(error) = io::stdout().lock().write_all(lines.as_bytes()) {
            tracing::warn!(%error, "metrics are lost");
        }
    }
}
