//! The destinations of SES's events. A configuration set publishes events to topics, and a topic sends them to queues.

use serde_json::{Map, Value};

use super::scope::Scope;
use super::{Queue, TemplateError, flag};

/// The connections from SES to the template's queues.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publishing {
    /// From configuration sets to topics.
    pub destinations: Vec<EventDestination>,
    /// From topics to queues.
    pub subscriptions: Vec<Subscription>,
}

/// The events that a configuration set publishes to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDestination {
    /// The configuration set's name.
    pub configuration_set: String,
    /// The topic's ARN.
    pub topic: String,
    /// The kinds of events, in lower case and without underscores: `bounce`, `complaint`, …
    pub events: Vec<String>,
}

/// A queue that gets the messages of a topic, in SNS's envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The topic's ARN.
    pub topic: String,
    /// The queue's logical id.
    pub queue: String,
}

impl Publishing {
    /// The subscriptions that get events of this kind about emails of this configuration set.
    pub fn ways(&self, configuration_set: &str, event: &str) -> Vec<&Subscription> {
        let topics = self.destinations.iter().filter(|destination| {
            destination.configuration_set == configuration_set && destination.events.iter().any(|kind| kind == event)
        });
        topics.flat_map(|destination| self.subscriptions.iter().filter(|way| way.topic == destination.topic)).collect()
    }

    /// Reads a topic's own list of subscriptions.
    pub(super) fn topic(&mut self, scope: &Scope<'_>, id: &str, queues: &[Queue]) -> Result<(), TemplateError> {
        let at = format!("Resources.{id}.Properties.Subscription");
        let Some(list) = scope.property(id, "Subscription")? else {
            return Ok(());
        };
        let topic = scope.topic_arn(&scope.name(id, &at)?);
        for entry in list.as_array().ok_or_else(|| TemplateError::shape(&at, "a list"))? {
            let entry = entry.as_object().ok_or_else(|| TemplateError::shape(&at, "subscriptions"))?;
            // Email subscriptions are for alarms, which do not exist here.
            if entry.get("Protocol").and_then(Value::as_str) != Some("email") {
                self.subscriptions.push(Subscription { topic: topic.clone(), queue: queue(entry, &at, queues)? });
            }
        }
        Ok(())
    }

    /// Reads a subscription.
    pub(super) fn subscription(&mut self, scope: &Scope<'_>, id: &str, queues: &[Queue]) -> Result<(), TemplateError> {
        let (properties, at) = properties(scope, id)?;
        for (name, value) in &properties {
            let at = format!("{at}.{name}");
            let understood = match name.as_str() {
                "Endpoint" | "Protocol" | "RedrivePolicy" | "Region" | "TopicArn" => true,
                "RawMessageDelivery" => !flag(value, &at)?,
                _ => false,
            };
            if !understood {
                return Err(TemplateError::unsupported(&at, "this kind of subscription"));
            }
        }
        let queue = queue(&properties, &at, queues)?;
        self.subscriptions.push(Subscription { topic: text(&properties, "TopicArn", &at)?, queue });
        Ok(())
    }

    /// Reads an event destination. A destination that is not enabled, or is not a topic, is ignored.
    pub(super) fn destination(&mut self, scope: &Scope<'_>, id: &str) -> Result<(), TemplateError> {
        let (properties, at) = properties(scope, id)?;
        let configuration_set = text(&properties, "ConfigurationSetName", &at)?;
        let at = format!("{at}.EventDestination");
        let destination = properties.get("EventDestination").and_then(Value::as_object);
        let destination = destination.ok_or_else(|| TemplateError::shape(&at, "an event destination"))?;
        let kinds = destination.get("MatchingEventTypes").and_then(Value::as_array);
        let kinds = kinds.ok_or_else(|| TemplateError::shape(&format!("{at}.MatchingEventTypes"), "a list"))?;
        let kinds = kinds.iter().filter_map(Value::as_str).map(|kind| kind.to_lowercase().replace('_', ""));
        // SES publishes only to destinations that are explicitly enabled.
        let enabled = destination.get("Enabled").map_or(Ok(false), |value| flag(value, &format!("{at}.Enabled")))?;
        if let (true, Some(topic)) = (enabled, destination.get("SnsDestination").and_then(Value::as_object)) {
            let topic = text(topic, "TopicARN", &format!("{at}.SnsDestination"))?;
            self.destinations.push(EventDestination { configuration_set, topic, events: kinds.collect() });
        }
        Ok(())
    }
}

fn properties(scope: &Scope<'_>, id: &str) -> Result<(Map<String, Value>, String), TemplateError> {
    let at = format!("Resources.{id}.Properties");
    let node = scope.resources[id].get("Properties").unwrap_or(&Value::Null);
    match scope.resolve(node, &at)? {
        Some(Value::Object(properties)) => Ok((properties, at)),
        _ => Err(TemplateError::shape(&at, "properties")),
    }
}

fn text(properties: &Map<String, Value>, name: &str, at: &str) -> Result<String, TemplateError> {
    let value = properties.get(name).and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| TemplateError::shape(&format!("{at}.{name}"), "a text"))
}

/// The logical id of a subscription's queue.
fn queue(subscription: &Map<String, Value>, at: &str, queues: &[Queue]) -> Result<String, TemplateError> {
    let protocol = text(subscription, "Protocol", at)?;
    if protocol != "sqs" {
        return Err(TemplateError::unsupported(&format!("{at}.Protocol"), format!("subscriptions by {protocol}")));
    }
    let endpoint = text(subscription, "Endpoint", at)?;
    let queue = queues.iter().find(|queue| queue.arn == endpoint);
    let queue =
        queue.ok_or_else(|| TemplateError::shape(&format!("{at}.Endpoint"), "the ARN of a queue of this template"))?;
    Ok(queue.logical_id.clone())
}
