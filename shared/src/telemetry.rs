//! Logs: one JSON object a line, with ids and outcomes; never a token, an address or a body.

use std::{error::Error, fmt::Write};

use tracing::Level;
use tracing_subscriber::EnvFilter;

use crate::config::{self, ConfigError};

/// The crates whose lines are wanted at the level asked for. What libraries say at `debug` holds whole requests, with
/// tokens and addresses: of them there are warnings only.
const OURS: [&str; 6] = ["channel_settings", "dispatch", "notifications", "preferences", "shared", "users"];

/// Starts logging to standard output, as much as `LOG_LEVEL` (`error`, `warn`, `info` or `debug`) says. Later calls change
/// nothing.
pub fn init() -> Result<(), ConfigError> {
    let level: Level = config::parsed("LOG_LEVEL")?;
    let directives = OURS.map(|name| format!("{name}={level}"));
    // Lambda stamps each line with its own time.
    let logs = tracing_subscriber::fmt().json().without_time().with_target(false).with_span_list(false);
    if logs.with_env_filter(EnvFilter::new(format!("warn,{}", directives.join(",")))).try_init().is_err() {
        tracing::debug!("logging was started before");
    }
    Ok(())
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
