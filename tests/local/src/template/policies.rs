//! The permissions of a function's role: the statements of its `Policies`.

use serde_json::{Map, Value};

use super::TemplateError;
use super::scope::Scope;

/// A statement that allows actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The actions by their full names, such as `service:Action`.
    pub actions: Vec<String>,
    /// The resources, as ARNs.
    pub resources: Vec<String>,
    /// The patterns that partition keys must match (`dynamodb:LeadingKeys`), if there are any.
    pub leading_keys: Option<Vec<String>>,
}

/// The grants of the function with this logical id.
pub(super) fn read(scope: &Scope<'_>, id: &str) -> Result<Vec<Grant>, TemplateError> {
    let at = format!("Resources.{id}.Properties.Policies");
    let mut grants = Vec::new();
    for policy in list(scope.property(id, "Policies")?.unwrap_or(Value::Array(Vec::new()))) {
        let statements = policy.get("Statement").cloned();
        // SAM's policy templates and AWS's managed policies are refused, because their permissions are not known here.
        let statements = statements.ok_or_else(|| TemplateError::shape(&at, "policies with a Statement"))?;
        for statement in list(statements) {
            let statement = statement.as_object().ok_or_else(|| TemplateError::shape(&at, "statements"))?;
            grants.push(grant(statement, &at)?);
        }
    }
    Ok(grants)
}

fn grant(statement: &Map<String, Value>, at: &str) -> Result<Grant, TemplateError> {
    if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
        return Err(TemplateError::unsupported(at, "statements that deny"));
    }
    let actions = texts(statement.get("Action"), at)?;
    if actions.iter().any(|action| action.contains('*')) {
        return Err(TemplateError::shape(at, "actions by name"));
    }
    let conditions = statement.get("Condition").and_then(Value::as_object);
    let leading_keys = conditions.and_then(|all| all.get("ForAllValues:StringLike")?.get("dynamodb:LeadingKeys"));
    let leading_keys = leading_keys.map(|keys| texts(Some(keys), at)).transpose()?;
    // A condition that is not checked here could cause a refusal only on AWS, so it is an error.
    let is_checked = |action: &String| action.starts_with("dynamodb:") || action.starts_with("sqs:");
    if conditions.is_some() && leading_keys.is_none() && actions.iter().any(is_checked) {
        return Err(TemplateError::unsupported(at, "this condition"));
    }
    Ok(Grant { actions, resources: texts(statement.get("Resource"), at)?, leading_keys })
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        one => vec![one],
    }
}

fn texts(value: Option<&Value>, at: &str) -> Result<Vec<String>, TemplateError> {
    let items = value.cloned().map(list).unwrap_or_default();
    let texts: Option<Vec<_>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    texts.filter(|texts| !texts.is_empty()).ok_or_else(|| TemplateError::shape(at, "texts"))
}
