//! Addresses that mail must not be sent to any more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Why an address is not used, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The cause.
    pub cause: Cause,
    /// The time of the suppression.
    pub at: Timestamp,
}

/// Why mail is not sent to an address any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Mail to the address bounced for good.
    Bounced,
    /// The owner of the address reported mail as spam.
    Complained,
}
