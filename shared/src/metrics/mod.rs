//! Counts metric events for CloudWatch, and writes them as lines in the embedded metric format.
//!
//! A function notes metric events while it works, and writes them once, at the end of its invocation. A dimension has
//! few values, and all of them are names in this code: an id, an address or a text can never become a dimension.

mod document;
mod event;
mod metric;

use std::{
    fmt,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use document::Gathered;
pub use document::NAMESPACE;
pub use event::MetricEvent;
pub use metric::{Dimension, Metric};

use crate::clock::Clock;

/// The metric events of one invocation, until they are written.
#[derive(Debug)]
pub struct Metrics {
    stack: String,
    clock: Clock,
    gathered: Mutex<Gathered>,
    output: Output,
}

/// Takes the lines of one invocation.
struct Output(Mutex<Box<dyn Write + Send>>);

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Output")
    }
}

impl Metrics {
    /// The metrics of the stack of this name. Two stacks in one account must not be counted together.
    pub fn new(stack: String, clock: Clock) -> Self {
        Self::to(stack, clock, io::stdout())
    }

    /// The same, with another place for the lines than standard output.
    pub fn to(stack: String, clock: Clock, output: impl Write + Send + 'static) -> Self {
        Self { stack, clock, gathered: Mutex::default(), output: Output(Mutex::new(Box::new(output))) }
    }

    /// Notes a metric event.
    pub fn note(&self, event: MetricEvent) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        event.points(|point| gathered.add(point));
    }

    /// Writes the events since the last call to standard output, one line for each document. CloudWatch reads a line
    /// only if it holds nothing else, so the lines do not go through the log.
    pub fn flush(&self) {
        let gathered = std::mem::take(&mut *self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
        let documents = gathered.documents(&self.stack, self.clock.now());
        let lines: String = documents.iter().map(|document| format!("{document}\n")).collect();
        // One write for all lines, so that no line of the log comes between them. If the write fails, deliveries must
        // go on.
        let mut output = self.output.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = output.write_all(lines.as_bytes()) {
            tracing::warn!(%error, "metrics are lost");
        }
    }
}
