//! Addresses that mail must not be sent to any more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Why and since when an address is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub at: Timestamp,
}

/// What speaks against an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Mail to it came back for good.
    Bounced,
    /// Its owner told the mail provider that it is spam.
    Complained,
}
