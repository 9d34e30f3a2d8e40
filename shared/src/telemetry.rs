//! Logs: one JSON object a line, with ids and outcomes; never a token, an address or a body.

use std::{error::Error, fmt::Write};

use tracing::Level;
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt};

use crate::config::{self, ConfigError};

/// The crates that log at the chosen level. Libraries log whole requests at `debug`, with tokens and addresses, so only
/// their warnings are logged.
const OURS: [&str; 6] = ["channel_settings", "dispatch", "notifications", "preferences", "shared", "users"];

/// Starts logging to standard output, as much as `LOG_LEVEL` (`error`, `warn`, `info` or `debug`) says. Later calls change
/// nothing.
pub fn init() -> Result<(), ConfigError> {
    let level: Level = config::parsed("LOG_LEVEL")?;
    // Lambda stamps each line with its own time. A line that cannot be written is lost: the library would report that on
    // standard error, and end the process if that is closed as well.
    let lines = fmt::layer().json().without_time().with_target(false).with_span_list(false).log_internal_errors(false);
    if registry().with(lines).with(wanted(level)).try_init().is_err() {
        tracing::debug!("logging was started before");
    }
    Ok(())
}

fn wanted(level: Level) -> Targets {
    Targets::new().with_default(Level::WARN).with_targets(OURS.map(|name| (name, level)))
}

/// An error and all of its causes, in one line.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_ours_as_much_is_said_as_is_asked_for_and_of_libraries_warnings_only() {
        let says = |asked, target, level| wanted(asked).would_enable(target, &level);
        for asked in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG] {
            for level in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE] {
                for ours in ["dispatch", "shared::delivery::fcm"] {
                    assert_eq!(says(asked, ours, level), level <= asked, "{ours} {level} of {asked}");
                }
                assert_eq!(says(asked, "hyper_util::client", level), level <= Level::WARN, "{level} of {asked}");
            }
        }
    }
}
