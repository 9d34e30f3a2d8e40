//! Reads the table. `provision` turns its CloudFormation properties into calls.

use serde_json::Value;

use super::scope::Scope;
use super::{Table, TemplateError};

/// The table with this logical id.
pub(super) fn read(scope: &Scope<'_>, id: &str) -> Result<Table, TemplateError> {
    let at = format!("Resources.{id}.Properties");
    let name = scope.name(id, &at)?;
    let properties = scope.resources[id].get("Properties").unwrap_or(&Value::Null);
    let properties = scope.resolve(properties, &at)?.unwrap_or(Value::Null);
    for needed in ["AttributeDefinitions", "KeySchema"] {
        if !properties.get(needed).is_some_and(Value::is_array) {
            return Err(TemplateError::shape(&format!("{at}.{needed}"), "a list"));
        }
    }
    Ok(Table { name, properties })
}
