//! Codes of templates, and the right to change templates.

use schemars::{Schema, json_schema};
use shared::{
    dialects::native::{Access, Problem},
    http::auth::Role,
    render::{CODE_PATTERN, MAX_CODE, is_code},
};

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

pub fn no_template() -> Problem {
    Problem::not_found("Template not found")
}
