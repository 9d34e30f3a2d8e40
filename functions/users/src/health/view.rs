//! What health answers.

use schemars::JsonSchema;
use serde::Serialize;
use shared::{domain::Provider, http::openapi::not_null};

/// Whether the deployment can send all that it is configured to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "HealthStatus")]
pub(super) enum Overall {
    /// Nothing is missing.
    Ready,
    /// Something is missing.
    Incomplete,
    /// Nothing is known to be missing, and something could not be found out.
    Unknown,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "HealthCheckStatus")]
pub(super) enum Status {
    /// It is there.
    Ok,
    /// It is not there, and messages will fail for it.
    Missing,
    /// It is not there, and is not needed as the deployment is configured.
    Optional,
    /// It could not be found out; `detail` says why.
    Unknown,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "HealthCheck")]
pub(super) struct Check {
    /// What is checked.
    pub(super) name: &'static str,
    pub(super) status: Status,
    /// The provider that needs it; it is left out if all do.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<Provider>,
    /// The configured channel that needs it.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) channel_id: Option<String>,
    /// What was found, in a sentence.
    pub(super) detail: String,
    /// What to do, and the command; it is left out if nothing is to be done.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remedy: Option<String>,
}

/// What is missing before the first message.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[schemars(rename = "Health")]
pub struct HealthView {
    pub(super) status: Overall,
    pub(super) checks: Vec<Check>,
}

impl HealthView {
    pub(super) fn of(checks: Vec<Check>) -> Self {
        let any = |status| checks.iter().any(|check| check.status == status);
        let status = match (any(Status::Missing), any(Status::Unknown)) {
            (true, _) => Overall::Incomplete,
            (false, true) => Overall::Unknown,
            (false, false) => Overall::Ready,
        };
        Self { status, checks }
    }
}
