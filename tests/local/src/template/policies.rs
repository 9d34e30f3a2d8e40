//! The permissions of a function: the statements of its `Policies`, or of its role if the template has one.

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
    let own =
        |name: &str| scope.resources.get(id).and_then(|resource| resource.pointer(&format!("/Properties/{name}")));
    let Some(role) = own("Role") else { return granted(scope, id, "") };
    if own("Policies").is_some() {
        // SAM makes no role for such a function, and leaves the policies out without a word.
        return Err(TemplateError::shape(&format!("Resources.{id}.Properties"), "either a Role or Policies"));
    }
    let role = role.pointer("/Fn::GetAtt/0").and_then(Value::as_str);
    let role = role.filter(|role| scope.resource_type(role).is_ok_and(|kind| kind == "AWS::IAM::Role"));
    let at = format!("Resources.{id}.Properties.Role");
    let role = role.ok_or_else(|| TemplateError::shape(&at, "the Arn of an AWS::IAM::Role of this template"))?;
    if scope.property(role, "ManagedPolicyArns")?.is_some() {
        let at = format!("Resources.{role}.Properties.ManagedPolicyArns");
        return Err(TemplateError::unsupported(&at, "policies whose permissions are not known here"));
    }
    granted(scope, role, "/PolicyDocument")
}

/// The grants of the `Policies` of a resource. Each has its statements at `path`.
fn granted(scope: &Scope<'_>, id: &str, path: &str) -> Result<Vec<Grant>, TemplateError> {
    let at = format!("Resources.{id}.Properties.Policies");
    let mut grants = Vec::new();
    for policy in list(scope.property(id, "Policies")?.unwrap_or(Value::Array(Vec::new()))) {
        let statements = policy.pointer(&format!("{path}/Statement")).cloned();
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
