//! Reads secrets whose values CloudFormation generates. Here each of them gets the demo's value.

use super::TemplateError;
use super::scope::Scope;

/// The name of the secret with this logical id.
pub(super) fn read(scope: &Scope<'_>, id: &str) -> Result<String, TemplateError> {
    let at = format!("Resources.{id}.Properties");
    if scope.property(id, "GenerateSecretString")?.is_none() {
        return Err(TemplateError::shape(&format!("{at}.GenerateSecretString"), "a value that is made up"));
    }
    scope.name(id, &at)
}
