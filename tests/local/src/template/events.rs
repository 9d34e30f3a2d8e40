//! A function's events: routes of the HTTP API, queues and schedules.

use std::time::Duration;

use serde_json::{Map, Value};

use super::scope::Scope;
use super::{Queue, QueueSource, Route, Schedule, TemplateError, flag, schedule, whole};

/// Lambda's batch size if the template does not set it.
const DEFAULT_BATCH_SIZE: u64 = 10;

/// Events by kind.
#[derive(Default)]
pub(super) struct Events {
    pub(super) routes: Vec<Route>,
    pub(super) queue_sources: Vec<QueueSource>,
    pub(super) schedules: Vec<Schedule>,
}

/// The events of the function with this logical id.
pub(super) fn read(scope: &Scope<'_>, id: &str, queues: &[Queue]) -> Result<Events, TemplateError> {
    let mut found = Events::default();
    let Some(events) = scope.resources[id].pointer("/Properties/Events").and_then(Value::as_object) else {
        return Ok(found);
    };
    for (name, event) in events {
        let at = format!("Resources.{id}.Properties.Events.{name}");
        let properties = match event.get("Properties") {
            Some(node) => scope.resolve(node, &format!("{at}.Properties"))?,
            None => None,
        };
        let properties = properties.and_then(|value| value.as_object().cloned()).unwrap_or_default();
        match event.get("Type").and_then(Value::as_str) {
            Some("HttpApi") => found.routes.push(route(&properties, &at)?),
            Some("SQS") => found.queue_sources.extend(queue_source(&properties, &at, queues)?),
            Some("Schedule" | "ScheduleV2") => found.schedules.extend(schedule::read(&properties, &at)?),
            kind => {
                let what = format!("event type {}", kind.unwrap_or("(none)"));
                return Err(TemplateError::unsupported(&at, what));
            }
        }
    }
    Ok(found)
}

fn route(properties: &Map<String, Value>, at: &str) -> Result<Route, TemplateError> {
    let field = |name: &str| properties.get(name).and_then(Value::as_str);
    match (field("Path"), field("Method")) {
        (Some(path), Some(method)) => Ok(Route { path: path.to_owned(), method: method.to_uppercase() }),
        (None, None) => Ok(Route { path: "$default".to_owned(), method: "ANY".to_owned() }),
        _ => Err(TemplateError::shape(at, "both Path and Method, or neither")),
    }
}

/// Reads an SQS event; `None` if it is switched off.
fn queue_source(
    properties: &Map<String, Value>,
    at: &str,
    queues: &[Queue],
) -> Result<Option<QueueSource>, TemplateError> {
    let mut source = QueueSource {
        queue: String::new(),
        batch_size: size(DEFAULT_BATCH_SIZE),
        window: Duration::ZERO,
        reports_batch_item_failures: false,
        maximum_concurrency: None,
    };
    let mut enabled = true;
    for (name, value) in properties {
        let at = format!("{at}.Properties.{name}");
        match name.as_str() {
            "Queue" => {
                let queue = queues.iter().find(|queue| value.as_str() == Some(queue.arn.as_str()));
                let queue = queue.ok_or_else(|| TemplateError::shape(&at, "the ARN of a queue of this template"))?;
                source.queue.clone_from(&queue.logical_id);
            }
            "BatchSize" => source.batch_size = size(whole(value, &at, 1..=10_000)?),
            "MaximumBatchingWindowInSeconds" => source.window = Duration::from_secs(whole(value, &at, 0..=300)?),
            "FunctionResponseTypes" => {
                let known = value.as_array().is_some_and(|types| {
                    types.len() <= 1 && types.iter().all(|kind| kind == "ReportBatchItemFailures")
                });
                if !known {
                    return Err(TemplateError::shape(&at, "[ReportBatchItemFailures]"));
                }
                source.reports_batch_item_failures = value.as_array().is_some_and(|types| !types.is_empty());
            }
            "ScalingConfig" => {
                let maximum = value.get("MaximumConcurrency").unwrap_or(&Value::Null);
                let maximum = whole(maximum, &format!("{at}.MaximumConcurrency"), 2..=1000)?;
                source.maximum_concurrency = Some(size(maximum));
            }
            "Enabled" => enabled = flag(value, &at)?,
            other => {
                return Err(TemplateError::unsupported(&at, format!("queue event property {other}")));
            }
        }
    }
    if source.queue.is_empty() {
        return Err(TemplateError::shape(&format!("{at}.Properties.Queue"), "a queue's ARN"));
    }
    Ok(enabled.then_some(source))
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
