//! Reads the table. `provision` turns its CloudFormation properties into calls.

use serde_json::Value;

use super::scope::Scope;
use super::{Table, TemplateError};

/// The table with this logical id. If its condition leaves it out, the parameter `TableName` names another one, which has the
/// same keys.
pub(super) fn read(scope: &Scope<'_>, id: &str) -> Result<Table, TemplateError> {
    let at = format!("Resources.{id}.Properties");
    let name = if scope.is_present(id)? {
        scope.name(id, &at)?
    } else {
        scope.reference("TableName", &at)?.as_ref().and_then(super::text).unwrap_or_default()
    };
    let properties = scope.resources[id].get("Properties").unwrap_or(&Value::Null);
    let properties = scope.resolve(properties, &at)?.unwrap_or(Value::Null);
    for needed in ["AttributeDefinitions", "KeySchema"] {
        if !properties.get(needed).is_some_and(Value::is_array) {
            return Err(TemplateError::shape(&format!("{at}.{needed}"), "a list"));
        }
    }
    Ok(Table { name, properties })
}
