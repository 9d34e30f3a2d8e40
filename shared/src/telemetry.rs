//! Logs: one JSON object a line, with ids and outcomes; never a token, an address or a body.

use std::{error::Error, fmt::Write};

use tracing_subscriber::EnvFilter;

/// Starts logging to standard output, as much as `RUST_LOG` says. Later calls change nothing.
pub fn init() {
    // Lambda stamps each line with its own time.
    let started = tracing_subscriber::fmt()
        .json()
        .without_time()
        .with_target(false)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(EnvFilter::from_default_env())
        .try_init();
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}

/// An error and all that it came of, in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        // Writing to a string cannot fail.
        let _ = write!(line, ": {error}");
        source = error.source();
    }
    line
}
