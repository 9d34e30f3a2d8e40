//! What the requests of templates have in common: codes, states, and the right to change templates.

use lambda_http::http::StatusCode;
use schemars::{Schema, json_schema};
use shared::{
    dialects::native::{Access, Problem},
    http::{Reply, auth::Role, query::Switch, request::member::or},
    render::{CODE_PATTERN, MAX_CODE, VersionedTemplate, is_code},
    request_query,
};

use crate::App;

/// The roles that may change templates.
pub const ADMIN: Access = Access { own: false, roles: &[Role::Admin] };

/// A valid code, or a fault.
pub fn code(raw: &str) -> Result<&str, Problem> {
    let fault = "code must be a line of 1 to 255 characters, none of / ? # %";
    if is_code(raw) { Ok(raw) } else { Err(Problem::invalid(fault)) }
}

/// The schema of a code.
pub fn schema() -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": MAX_CODE, "pattern": CODE_PATTERN})
}

/// Which of a template's two states a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// What notifications are rendered with.
    Published,
    /// What nobody gets until it is published.
    Draft,
}

request_query! {
    /// Which state is meant.
    pub struct StateQuery {
        /// Whether the draft is meant, and not what is published. `?draft` is enough.
        draft: bool = or(Switch, false),
    }
}

impl StateQuery {
    pub fn state(&self) -> State {
        State::of(self.draft)
    }
}

impl State {
    pub fn of(draft: bool) -> Self {
        if draft { Self::Draft } else { Self::Published }
    }

    /// The template in this state.
    pub async fn read(self, app: &App, code: &str) -> Result<VersionedTemplate, Problem> {
        let found = match self {
            Self::Published => app.store.template(code).await?,
            Self::Draft => app.store.template_draft(code).await?,
        };
        found.ok_or(Problem::not_found(self.missing()))
    }

    /// The sentence where there is none.
    pub fn missing(self) -> &'static str {
        match self {
            Self::Published => "Template not found",
            Self::Draft => "Draft not found",
        }
    }
}

/// A template as an answer. Its tag is the version of the template or the draft.
pub fn shown(status: StatusCode, VersionedTemplate { template, version }: &VersionedTemplate) -> Reply {
    Reply::json(status, template).etag(*version)
}

/// The status of a write.
pub fn written(is_new: bool) -> StatusCode {
    if is_new { StatusCode::CREATED } else { StatusCode::OK }
}
