//! Configuration: read once, in `main`, from the environment that `template.yaml` gives.

use std::{env, str::FromStr, time::Duration};

/// A setting that is missing or cannot be read. The function does not start.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {name} {fault}")]
pub struct ConfigError {
    name: String,
    fault: String,
}

impl ConfigError {
    /// A setting that is there but wrong.
    pub fn new(name: &str, fault: impl ToString) -> Self {
        Self { name: name.to_owned(), fault: fault.to_string() }
    }
}

/// A setting as text.
pub fn text(name: &str) -> Result<String, ConfigError> {
    env::var(name).map_err(|_| ConfigError::new(name, "is not set"))
}

/// A setting that may be missing or empty.
pub fn optional(name: &str) -> Option<String> {
    text(name).ok().filter(|text| !text.is_empty())
}

/// A setting with several values, separated by commas. It may be missing or empty.
pub fn list(name: &str) -> Vec<String> {
    let text = optional(name).unwrap_or_default();
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A setting in whole days.
pub fn days(name: &str) -> Result<Duration, ConfigError> {
    parsed::<u32>(name).map(|days| Duration::from_secs(u64::from(days) * 24 * 60 * 60))
}

/// A setting that is parsed as another type.
pub fn parsed<T: FromStr>(name: &str) -> Result<T, ConfigError> {
    text(name)?.parse().map_err(|_| ConfigError::new(name, "cannot be read"))
}
