//! Reads and resolves `template.yaml` as CloudFormation and SAM do, for the resources that the local stack supports.
//!
//! Unknown content in the parts that it reads is an error, because a stack that differs from the deployed one must not
//! start.

mod conditions;
mod cors;
mod document;
mod error;
mod events;
mod function;
mod model;
mod names;
mod parameters;
mod policies;
mod publishing;
mod queue;
mod rules;
mod schedule;
mod scope;
mod secret;
mod table;

use std::collections::BTreeMap;

use serde_json::Value;

pub use cors::Cors;
pub use document::parse;
pub use error::TemplateError;
pub use model::{Deployed, Function, Queue, QueueSource, Route, Schedule, Table};
pub use policies::Grant;
pub use publishing::{EventDestination, Publishing, Subscription};
use scope::Scope;

/// The resource types that the local stack supports. Another type of the same families ([`FAMILIES`]) is an error, or
/// it would be ignored without notice.
const STOOD_IN: [&str; 9] = [
    "AWS::DynamoDB::Table",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
    "AWS::Serverless::Function",
    "AWS::Serverless::HttpApi",
];
const FAMILIES: [&str; 8] = [
    "AWS::DynamoDB::",
    "AWS::Lambda::",
    "AWS::Pipes::",
    "AWS::SES::",
    "AWS::SNS::",
    "AWS::SQS::",
    "AWS::SecretsManager::",
    "AWS::Serverless::",
];
/// The types of permissions and settings. They change nothing in the local stack.
const WITHOUT_BEHAVIOUR: [&str; 6] = [
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Permission",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SQS::QueuePolicy",
];

/// The parts of the template that the local stack uses.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// The functions, in the template's order of names.
    pub functions: Vec<Function>,
    /// The table.
    pub table: Table,
    /// The queues.
    pub queues: Vec<Queue>,
    /// The names of the secrets whose values CloudFormation generates.
    pub secrets: Vec<String>,
    /// The destinations of SES's events.
    pub publishing: Publishing,
    /// The API's CORS configuration; `None` if it has none.
    pub cors: Option<Cors>,
}

impl Template {
    /// Reads the template's text. `parameters` replace the template's defaults.
    pub fn read(yaml: &str, parameters: &BTreeMap<String, String>, deployed: &Deployed) -> Result<Self, TemplateError> {
        let document = document::parse(yaml)?;
        let parameters = parameters::values(&document, parameters)?;
        let scope = Scope::new(&document, parameters, deployed)?;
        rules::check(&scope)?;

        let mut queues = Vec::new();
        let mut tables = Vec::new();
        let mut secrets = Vec::new();
        let mut function_ids = Vec::new();
        let mut publishing_ids = Vec::new();
        let mut cors = None;
        for id in scope.resource_ids() {
            let at = format!("Resources.{id}");
            let kind = scope.resource_type(id)?;
            if kind != "AWS::DynamoDB::Table" && !scope.is_present(id)? {
                continue;
            }
            match kind {
                "AWS::SQS::Queue" => queues.push(queue::read(&scope, id)?),
                "AWS::DynamoDB::Table" => tables.push(table::read(&scope, id)?),
                "AWS::SecretsManager::Secret" => secrets.push(secret::read(&scope, id)?),
                "AWS::Serverless::Function" => function_ids.push(id),
                "AWS::Serverless::HttpApi" => cors = cors::read(&scope, id)?,
                kind
                @ ("AWS::SNS::Topic" | "AWS::SNS::Subscription" | "AWS::SES::ConfigurationSetEventDestination") => {
                    publishing_ids.push((kind, id))
                }
                other => refuse_what_would_be_missed(&at, other)?,
            }
        }
        let mut publishing = Publishing::default();
        for (kind, id) in publishing_ids {
            match kind {
                "AWS::SNS::Topic" => publishing.topic(&scope, id, &queues)?,
                "AWS::SNS::Subscription" => publishing.subscription(&scope, id, &queues)?,
                _ => publishing.destination(&scope, id)?,
            }
        }
        let mut tables = tables.into_iter();
        let (Some(table), None) = (tables.next(), tables.next()) else {
            return Err(TemplateError::shape("Resources", "exactly one AWS::DynamoDB::Table"));
        };
        let functions =
            function_ids.into_iter().map(|id| function::read(&scope, id, &queues)).collect::<Result<_, _>>()?;
        Ok(Self { functions, table, queues, secrets, publishing, cors })
    }

    /// The queue with this logical id.
    pub fn queue(&self, logical_id: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.logical_id == logical_id)
    }
}

fn refuse_what_would_be_missed(at: &str, kind: &str) -> Result<(), TemplateError> {
    let known = STOOD_IN.contains(&kind) || WITHOUT_BEHAVIOUR.contains(&kind);
    if !known && FAMILIES.iter().any(|family| kind.starts_with(family)) {
        return Err(TemplateError::unsupported(at, kind));
    }
    Ok(())
}

/// A resolved scalar as text. CloudFormation accepts numbers and booleans as strings, and strings as numbers and
/// booleans.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A resolved scalar as a whole number within bounds.
pub(crate) fn whole(value: &Value, at: &str, range: std::ops::RangeInclusive<u64>) -> Result<u64, TemplateError> {
    text(value)
        .and_then(|text| text.trim().parse().ok())
        .filter(|number| range.contains(number))
        .ok_or_else(|| TemplateError::shape(at, format!("a whole number from {} to {}", range.start(), range.end())))
}

/// A resolved scalar as a boolean.
pub(crate) fn flag(value: &Value, at: &str) -> Result<bool, TemplateError> {
    match text(value).as_deref() {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        _ => Err(TemplateError::shape(at, "true or false")),
    }
}

#[cfg(test)]
mod tests;
