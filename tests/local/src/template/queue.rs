//! Reads queues, and turns CloudFormation's properties into the attributes of `CreateQueue`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::scope::Scope;
use super::{Queue, TemplateError, text};

/// Properties that are attributes under the same name, as text.
const PLAIN: [&str; 12] = [
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

/// The queue with this logical id.
pub(super) fn read(scope: &Scope<'_>, id: &str) -> Result<Queue, TemplateError> {
    let at = format!("Resources.{id}");
    let name = scope.name(id, &at)?;
    let mut attributes = BTreeMap::new();
    let empty = serde_json::Map::new();
    let properties = scope.resources[id].get("Properties").and_then(Value::as_object).unwrap_or(&empty);
    for key in properties.keys() {
        let at = format!("{at}.Properties.{key}");
        let Some(value) = scope.property(id, key)? else {
            continue;
        };
        let value = match key.as_str() {
            "QueueName" | "Tags" => continue,
            "RedrivePolicy" => redrive_policy(value, &at)?.to_string(),
            "RedriveAllowPolicy" => value.to_string(),
            key if PLAIN.contains(&key) => text(&value).ok_or_else(|| TemplateError::shape(&at, "a scalar"))?,
            key => {
                return Err(TemplateError::unsupported(&at, format!("queue property {key}")));
            }
        };
        attributes.insert(key.clone(), value);
    }
    Ok(Queue { logical_id: id.to_owned(), url: scope.queue_url(&name), arn: scope.queue_arn(&name), name, attributes })
}

/// Makes `maxReceiveCount` a JSON number, because the emulator reads only numbers, and a parameter resolves to a
/// string.
fn redrive_policy(mut policy: Value, at: &str) -> Result<Value, TemplateError> {
    let count = policy.get("maxReceiveCount").cloned().unwrap_or(Value::Null);
    let count = super::whole(&count, &format!("{at}.maxReceiveCount"), 1..=1000)?;
    if policy.get("deadLetterTargetArn").and_then(Value::as_str).is_none() {
        return Err(TemplateError::shape(&format!("{at}.deadLetterTargetArn"), "a queue's ARN"));
    }
    policy["maxReceiveCount"] = count.into();
    Ok(policy)
}
