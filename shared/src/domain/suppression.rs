//! Addresses that mail must not be sent to any more.

use std::collections::BTreeMap;

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
#[schemars(rename = "SuppressionCause")]
pub enum Cause {
    /// Mail to the address bounced for good.
    Bounced,
    /// The owner of the address reported mail as spam.
    Complained,
}

/// The suppressed ones among some addresses. The keys are in the form that [`comparable`] gives.
pub type Suppressed = BTreeMap<String, Suppression>;

/// No address is suppressed.
pub static NONE_SUPPRESSED: Suppressed = Suppressed::new();

/// An address in the form for comparisons: in lower case. The domain has no case (RFC 5321 §2.4). The local part may have
/// one, but mail providers ignore it, and so does [`super::EmailAddress::unique_form`].
pub fn comparable(address: &str) -> String {
    address.trim().to_lowercase()
}

/// The keyed hash of an address. It finds the suppression of an address that is known, and it shows no address to whoever
/// reads the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressHash(pub String);
